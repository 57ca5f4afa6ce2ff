#pragma once

#include <array>
#include <vector>

#include "server/meshes/vector_math.h"

namespace phosphene {

// Cuts a polygon of n >= 3 corners, convex or not, into n - 2 triangles of its
// corner numbers, which run the way it does: as a fan where it is convex, else
// by cutting ears in its plane (Newell's normal). What crosses itself is cut
// somehow. Deterministic, O(n^2).
std::vector<std::array<int, 3>> Triangulate(const std::vector<Point3>& polygon);

}  // namespace phosphene
