#pragma once

#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// Values of pictures at points between pixels, by the four around: x [B,C,H,W],
// rows and columns [B,P] in pixels; out [B,C,P]. Pixels outside are 0.
// Differentiable in x, rows and columns. REQUIRES: H, W >= 1.
at::Tensor SampleBilinear(const at::Tensor& x, const at::Tensor& rows,
                          const at::Tensor& columns);

}  // namespace phosphene::onnx
