#pragma once

#include <array>
#include <vector>

#include "server/meshes/mesh.h"

namespace phosphene {

// Where a mesh stands: p' = (p - centre) * scale puts it into the sphere of
// radius 1 about the origin. Cameras look at p'; exports keep p.
struct UnitSphere {
  std::array<double, 3> centre = {};  // of the bounding box
  double scale = 1;                   // 1 / the largest distance from it
};

// REQUIRES: at least one position, all finite.
UnitSphere FitUnitSphere(const Mesh& mesh);

// The positions in the sphere, in their order; reckoned in doubles, so the
// largest distance is 1 to a float's rounding wherever the mesh stands.
std::vector<Vec3> ToUnitSphere(const Mesh& mesh, const UnitSphere& sphere);

}  // namespace phosphene
