#pragma once

#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// Values of pictures at points between pixels, by the four around: x [B,C,H,W],
// rows and columns [B,P] in pixels; out [B,C,P]. Pixels outside are 0. The four
// are added, or with `largest` the largest of them is taken, each with its
// weight, as RoiAlign has it. Differentiable in x, rows and columns.
// REQUIRES: H, W >= 1.
at::Tensor SampleBilinear(const at::Tensor& x, const at::Tensor& rows,
                          const at::Tensor& columns, bool largest = false);

}  // namespace phosphene::onnx
