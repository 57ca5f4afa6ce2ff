#pragma once

#include <cstdint>
#include <vector>

#include "server/meshes/mesh.h"

namespace phosphene {

struct Welded {
  std::vector<Vec3> positions;  // first comers, in their order
  std::vector<uint32_t> index;  // of positions, for each point given
};

// Points closer than `tolerance` along every axis become the first of them.
// Each point is compared with first comers alone, so a chain of close points
// does not collapse as a whole. Deterministic; time linear in the points, since
// a cell of the grid they are sorted in holds few first comers.
// REQUIRES: finite points, tolerance 0 or at least 1e-7 of their extent.
Welded WeldPositions(const std::vector<Vec3>& points, double tolerance);

}  // namespace phosphene
