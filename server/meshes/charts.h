#pragma once

#include <cstdint>
#include <vector>

#include "server/meshes/mesh.h"
#include "server/meshes/vector_math.h"

namespace phosphene {

// A piece of the surface, to be projected along `axis`. All of its triangles
// face it, and it is connected over edges.
struct Chart {
  Point3 axis;                      // of length 1
  std::vector<uint32_t> triangles;  // in the order they were found
};

// The two directions of a chart's plane: with the axis a right-handed system,
// so that what faces the axis runs counterclockwise.
struct ChartPlane {
  explicit ChartPlane(const Point3& axis);
  Point3 right, up;
};

// Cuts a mesh into charts. A chart grows from its first triangle over
// neighbours while their normals stay within 60 degrees of the running mean;
// the mean found is its axis, and it grows once more over what is within 60
// degrees of that and hits no texel that the chart has hit already, drawn with
// `texels_per_unit`. After 2^28 texels every triangle left becomes a chart of
// its own: time is linear in triangles. Deterministic.
// REQUIRES: triangles have area.
std::vector<Chart> GrowCharts(const Mesh& mesh, double texels_per_unit);

}  // namespace phosphene
