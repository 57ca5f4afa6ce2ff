#pragma once

#include "server/engine/onnx/graph.h"
#include "server/engine/onnx/window.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// oneDNN lies hidden inside libtorch; these reach its fused convolution through
// the operators that PyTorch's compiler uses (namespace mkldnn of the
// dispatcher).

// Whether this machine's oneDNN convolves the type; tried once.
bool OneDnnConvolves(at::ScalarType type);

// Lays a weight [O,I/group,kh,kw] out as oneDNN likes it for this window and
// input size [N,C,H,W]; other sizes work too.
at::Tensor PackWeight(const at::Tensor& weight, const Window& window, int64_t group,
                      at::IntArrayRef input_sizes);

// Convolution with bias (or undefined) and activation. Symmetric pads only.
// Not differentiable.
at::Tensor OneDnnConvolution(const at::Tensor& x, const at::Tensor& packed_weight,
                             const at::Tensor& bias, const Window& window, int64_t group,
                             const Activation& activation);

}  // namespace phosphene::onnx
