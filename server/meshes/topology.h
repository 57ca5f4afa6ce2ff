#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "server/meshes/mesh.h"

namespace phosphene {

// One of the two triangles at an edge.
struct EdgeSide {
  uint32_t triangle = 0;
  std::array<Vec2, 2> uv;  // at SurfaceEdge::position[0] and [1]
};

// An edge between two triangles.
struct SurfaceEdge {
  std::array<uint32_t, 2> position = {};  // of Mesh::positions, smaller first
  std::array<EdgeSide, 2> side;           // smaller triangle first
  double length = 0;                      // in the mesh's coordinates
};

struct SurfaceEdges {
  // The two sides lie apart in the atlas: their UVs differ by more than 1e-6,
  // and not by whole numbers alone, which wrap to the same texels.
  std::vector<SurfaceEdge> seams;
  std::vector<SurfaceEdge> interior;  // the other edges between two triangles
  int64_t boundary_edges = 0;         // of one triangle; in neither list
  // Of more than two triangles. They count as an edge between the first and the
  // second, the second and the third, and so on.
  int64_t crowded_edges = 0;
};

// The edges of a mesh, ordered by their positions. O(n log n); deterministic.
// Without UVs all are interior, with UVs of 0.
SurfaceEdges FindEdges(const Mesh& mesh);

// FindEdges(mesh).seams.
std::vector<SurfaceEdge> SeamEdges(const Mesh& mesh);

// Of each triangle the one across its edges (from corner i to i + 1), -1 where
// there is none or more than one. O(n log n).
std::vector<std::array<int32_t, 3>> Neighbours(const Mesh& mesh);

}  // namespace phosphene
