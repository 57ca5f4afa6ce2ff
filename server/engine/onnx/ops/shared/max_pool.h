#pragma once

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/window.h"

namespace phosphene::onnx {

// Max-pooling of [N,C,...] with any pads, dilation and ceil_mode; on CPU own
// kernels over channels_last memory. Its gradient is options.max_pool's:
//   MAX      to the first largest element of each window;
//   AVERAGE  that of averaging the window's elements inside the image;
//   L2       that of avg(x^2) / (0.01 + avg(|x|)).
// Source: lucid overrides/smoothed_maxpool_grad.py.
at::Tensor MaxPool(const at::Tensor& x, const Window& window,
                   const OpOptions& options);

// Max-pooling and, as ONNX asks, each winner's index in the flattened input,
// counted along columns first if `column_major`; the gradient goes to the
// winners.
Tensors MaxPoolWithIndices(const at::Tensor& x, const Window& window,
                           bool column_major);

}  // namespace phosphene::onnx
