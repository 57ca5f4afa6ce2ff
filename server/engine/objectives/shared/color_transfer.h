#pragma once

#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// `image` [1,C,H,W] f32 0..1 with the colours of `colors` [1,C,h,w]: each pixel
// x becomes A (x - mean) + mean', A = S'^(1/2) S^(-1/2) for the covariances S
// of `image` and S' of `colors`, clamped to 0..1. Source: Gatys et al. 2016,
// "Preserving Color in Neural Artistic Style Transfer", section 4.
at::Tensor WithColorsOf(const at::Tensor& image, const at::Tensor& colors);

}  // namespace phosphene
