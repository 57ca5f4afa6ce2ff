#pragma once

#include "server/engine/raster/texel_mask.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// [C,H,W]: the image with every texel outside of the mask filled from those
// within, near ones before far ones, so that levels of detail made of it later
// bleed nothing in: each takes the mean of what its smallest block of 2^k x 2^k
// texels has within the mask (pull, then push). Texels of the mask keep their
// bits; an empty mask leaves the image as it is. f32 on the CPU, any H and W,
// no gradient. Deterministic.
at::Tensor FillUnseen(const at::Tensor& image, const TexelMask& mask);

}  // namespace phosphene
