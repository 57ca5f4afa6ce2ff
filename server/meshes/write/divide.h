#pragma once

#include <cstdint>

#include "server/meshes/mesh.h"

namespace phosphene {

struct DivideOptions {
  // The atlas the UVs are of, in pixels: they tell how long an edge is there.
  int width = 1, height = 1;
  // Edges longer than this are halved.
  double texels = 2;
  // No edge is halved when that makes more triangles than these.
  int64_t max_triangles = 500'000;
};

// The same surface with its faces cut until no edge is longer than `texels` on
// the atlas, or until the limit; then the longest edges were cut first. Edges
// are cut at their middle for all their faces at once, and by the longer of
// their images where a seam gives them two: no cracks, no T-junctions, and an
// edge of two faces becomes two edges of two faces. New UVs may stand twice.
// Positions keep their indices, new ones follow; faces keep material and
// orientation. Notes and materials are left out.
// REQUIRES: UVs, width and height >= 1, texels > 0. Pure. Thread-safe.
Mesh Divide(const Mesh& mesh, const DivideOptions& options);

}  // namespace phosphene
