// Operators that put values back where windows took them from.

#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/window.h"
#include "server/engine/onnx/ops/uploads.h"

namespace phosphene::onnx {
namespace {

int64_t Product(at::IntArrayRef sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t{1},
                         std::multiplies<int64_t>());
}

// Sizes of what a pool of this window was taken from.
std::vector<int64_t> Unpooled(const Window& w, const at::Tensor& x) {
  std::vector<int64_t> sizes = {x.size(0), x.size(1)};
  for (size_t i = 0; i < w.rank(); ++i) {
    sizes.push_back((SpatialSizes(x)[i] - 1) * w.stride[i] - w.pad_begin[i] -
                    w.pad_end[i] + w.kernel[i]);
  }
  CheckSize(sizes);
  return sizes;
}

// Where each element of columns [K, places] belongs in a padded image, counted
// through its pixels.
at::Tensor ColumnPlaces(const Window& w, const std::vector<int64_t>& padded,
                        const std::vector<int64_t>& places) {
  at::Tensor index = at::zeros({1, 1}, at::kLong);
  for (size_t i = 0; i < w.rank(); ++i) {
    const at::Tensor point =
        at::arange(w.kernel[i], at::kLong).unsqueeze(1) * w.dilation[i];
    const at::Tensor along =
        point + at::arange(places[i], at::kLong) * w.stride[i];
    // [K,1,P,1] and [1,kernel,1,places] to [K * kernel, P * places].
    index =
        (index.view({index.size(0), 1, index.size(1), 1}) * padded[i] +
         along.view({1, w.kernel[i], 1, places[i]}))
            .reshape({index.size(0) * w.kernel[i], index.size(1) * places[i]});
  }
  return index;
}

}  // namespace

// Inputs x, the indices MaxPool gave, sizes of the output.
OpRun PrepareMaxUnpool(const OpInit& init) {
  init.NeedInputs(2, 3);
  return [window = ReadWindow(init),
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const at::Tensor& x = in[0];
    TORCH_CHECK(
        in[1].sizes() == x.sizes() && SpatialSizes(x).size() == window.rank(),
        "the indices do not fit the values");
    std::vector<int64_t> sizes = Unpooled(window, x);
    // Indices count through the picture that was pooled, which has the size
    // that is asked for where one is.
    if (Optional(in, 2).defined()) sizes = ToInts(in[2]);
    CheckSize(sizes);
    at::Tensor index = in[1].reshape(-1).to(at::kLong);
    const int64_t count = Product(sizes);
    if (index.is_cpu()) {
      TORCH_CHECK(index.numel() == 0 || (index.min().item<int64_t>() >= 0 &&
                                         index.max().item<int64_t>() < count),
                  "an index is outside of ", sizes);
      index = uploads->Get(index, x.device());
    } else {
      // Outside it would end all jobs of the device.
      index = index.clamp(0, std::max<int64_t>(count - 1, 0));
    }
    return Tensors{at::zeros({count}, x.options())
                       .index_put({index}, x.reshape(-1))
                       .view(sizes)};
  };
}

// Inputs columns [N, C * block, places], the image's sizes, the block's: each
// block is added in at its place.
OpRun PrepareCol2Im(const OpInit& init) {
  init.NeedInputs(3, 3);
  return [node = init.node, opset = init.opset, options = init.options,
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const std::vector<int64_t> image = ToInts(in[1]), block = ToInts(in[2]);
    const OpInit late(node, opset, {}, options);
    const Window w = ReadWindow(late, block);
    const at::Tensor& x = in[0];
    const int64_t taps = Product(block);
    TORCH_CHECK(
        x.dim() == 3 && image.size() == w.rank() && x.size(1) % taps == 0,
        "columns [N,C*", taps, ",places] are needed, not ", x.sizes());
    std::vector<int64_t> padded, places;
    for (size_t i = 0; i < w.rank(); ++i) {
      CheckSize({image[i]});
      padded.push_back(image[i] + w.pad_begin[i] + w.pad_end[i]);
      places.push_back(w.OutputSize(i, image[i]));
    }
    const int64_t n = x.size(0), c = x.size(1) / taps;
    CheckSize({n, c, Product(padded)});
    TORCH_CHECK(Product(places) == x.size(2), "there are ", x.size(2),
                " blocks where ", Product(places), " are needed");
    const at::Tensor index =
        uploads->Get(ColumnPlaces(w, padded, places).reshape(-1), x.device());
    at::Tensor y = at::zeros({n, c, Product(padded)}, x.options())
                       .index_add(2, index, x.reshape({n, c, -1}));
    std::vector<int64_t> shape = {n, c};
    shape.insert(shape.end(), padded.begin(), padded.end());
    y = y.view(shape);
    for (size_t i = 0; i < w.rank(); ++i)
      y = y.narrow(2 + static_cast<int64_t>(i), w.pad_begin[i], image[i]);
    return Tensors{y};
  };
}

}  // namespace phosphene::onnx
