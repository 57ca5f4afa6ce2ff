#pragma once

#include <vector>

#include "server/engine/onnx/ops/uploads.h"

namespace phosphene::onnx {

// x.index_select(axis, index) with indices of the host, 0..size-1 each. On the
// CPU it is that. On a device indices are brought over once, and the gradient
// is the same bits each time: ATen's adds in the order that threads come in;
// here each element of x gathers from the places that show it, in their order.
// An element that is shown more than kMaxGathered times goes ATen's way.
constexpr int64_t kMaxGathered = 64;
at::Tensor SelectAlong(const at::Tensor& x, int64_t axis,
                       const at::Tensor& index, Uploads& uploads);

// Its parts: places that show each of `size` elements, table k [size] holding
// the k-th of each, or the number of indices where there are fewer; and the
// gradient of a tensor of `sizes` from that of what was picked.
std::vector<at::Tensor> PlacesOf(const at::Tensor& index, int64_t size);
at::Tensor GatheredGradient(const at::Tensor& grad, int64_t axis,
                            const std::vector<at::Tensor>& places,
                            at::IntArrayRef sizes);

}  // namespace phosphene::onnx
