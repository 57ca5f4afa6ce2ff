// Elements picked by indices of the host, with a gradient that gathers.

#include "server/engine/onnx/ops/select.h"

#include <algorithm>
#include <vector>

#include "server/engine/onnx/ops/shared/gradient.h"

namespace phosphene::onnx {

std::vector<at::Tensor> PlacesOf(const at::Tensor& index, int64_t size) {
  const int64_t count = index.numel();
  const int64_t* at = index.const_data_ptr<int64_t>();
  std::vector<int64_t> used(static_cast<size_t>(size), 0);
  std::vector<at::Tensor> tables;
  for (int64_t place = 0; place < count; ++place) {
    const auto k = static_cast<size_t>(used[static_cast<size_t>(at[place])]++);
    if (k == tables.size())
      tables.push_back(at::full({size}, count, at::kLong));
    tables[k].data_ptr<int64_t>()[at[place]] = place;
  }
  return tables;
}

at::Tensor GatheredGradient(const at::Tensor& grad, int64_t axis,
                            const std::vector<at::Tensor>& places,
                            at::IntArrayRef sizes) {
  if (places.empty()) return grad.new_zeros(sizes);
  std::vector<int64_t> pads(2 * static_cast<size_t>(grad.dim() - axis), 0);
  pads.back() = 1;  // a place of zeros behind the others
  const at::Tensor padded = at::constant_pad_nd(grad, pads);
  at::Tensor sum = padded.index_select(axis, places[0]);
  for (size_t k = 1; k < places.size(); ++k)
    sum = sum + padded.index_select(axis, places[k]);
  return sum;
}

at::Tensor SelectAlong(const at::Tensor& x, int64_t axis,
                       const at::Tensor& index, Uploads& uploads) {
  if (x.is_cpu()) return x.index_select(axis, index);
  const at::Tensor there = uploads.Get(index, x.device());
  if (!Records({x})) return x.index_select(axis, there);
  std::vector<at::Tensor> tables = PlacesOf(index.contiguous(), x.size(axis));
  if (static_cast<int64_t>(tables.size()) > kMaxGathered)
    return x.index_select(axis, there);
  for (at::Tensor& table : tables) table = uploads.Get(table, x.device());
  at::Tensor y;
  {
    const at::NoGradGuard no_grad;
    y = x.index_select(axis, there);
  }
  SetBackward(
      {x}, {y},
      [tables, axis, sizes = x.sizes().vec()](const Tensors& grads) -> Tensors {
        return {GatheredGradient(grads[0], axis, tables, sizes)};
      });
  return y;
}

}  // namespace phosphene::onnx
