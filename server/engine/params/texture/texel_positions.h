#pragma once

#include <cstdint>

#include "server/engine/raster/raster_mesh.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// Points of a surface under the texels of its atlas.
struct TexelPositions {
  at::Tensor texel;     // [n] i64, row * side + column, ascending
  at::Tensor position;  // [3,n] f32, of the RasterMesh
};

// Of the texels in lines begin..end-1 of an atlas of side x side whose centres
// lie in a triangle in UV space, wrapped; where several do, the last one's.
TexelPositions PositionsOfTexels(const RasterMesh& mesh, int64_t side,
                                 int64_t begin, int64_t end);

}  // namespace phosphene
