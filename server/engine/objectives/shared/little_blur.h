#pragma once

#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// lucid's little blur: a size x size kernel, 1 inside and 0.5 in its outer
// ring, normalized by what of it lies in the image. [N,C,H,W] -> the same.
// REQUIRES: size is odd, >= 3.
at::Tensor LittleBlur(const at::Tensor& image, int64_t size);

// The colours of an image: a fourth channel, alpha, left out.
at::Tensor Colors(const at::Tensor& image);

}  // namespace phosphene
