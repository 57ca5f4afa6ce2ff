#pragma once

#include "server/engine/raster/texel_mask.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// [3,H,W] f32: where on the mesh (as RasterMesh has it) the centre of each
// texel lies, 0 outside of charts; of charts that overlap, the first triangle
// counts. `mask`, of the same size and empty, gets the texels of charts that
// were drawn (those over more than kMaxUvRepeats atlases are not). This is what
// turns a function of the position into an atlas.
at::Tensor AtlasPositions(const RasterMesh& mesh, int64_t height, int64_t width,
                          TexelMask* mask);

}  // namespace phosphene
