// Pooling over windows and over all positions.

#include <algorithm>
#include <numeric>
#include <vector>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/max_pool.h"
#include "server/engine/onnx/ops/shared/window.h"

namespace phosphene::onnx {
namespace {

// Means over windows that lie inside of `padded`.
at::Tensor WindowMeans(const at::Tensor& padded, const Window& window) {
  const std::vector<int64_t> none(window.rank(), 0);
  switch (window.rank()) {
    case 1:
      return at::avg_pool1d(padded, window.kernel, window.stride, none);
    case 2:
      return at::avg_pool2d(padded, window.kernel, window.stride, none);
    default:
      return at::avg_pool3d(padded, window.kernel, window.stride, none);
  }
}

// Means over dilated windows, by gathering each axis's positions.
at::Tensor DilatedMeans(at::Tensor x, const Window& window) {
  for (size_t i = 0; i < window.rank(); ++i) {
    // [.., positions, extent] and then every dilation-th of the extent.
    x = x.unfold(2 + static_cast<int64_t>(i), window.Extent(i),
                 window.stride[i]);
    x = x.slice(-1, 0, std::nullopt, window.dilation[i]).mean(-1);
  }
  return x;
}

// ONNX counts padding (count_include_pad) only as far as pads go, not the part
// of a ceil_mode window beyond them.
at::Tensor AveragePool(const at::Tensor& x, const Window& window,
                       bool count_pads) {
  const at::IntArrayRef sizes = SpatialSizes(x);
  const std::vector<int64_t> pads = PadList(Covering(window, sizes));
  const bool dilated =
      std::any_of(window.dilation.begin(), window.dilation.end(),
                  [](int64_t d) { return d != 1; });
  const auto means = [&](const at::Tensor& t) {
    return dilated ? DilatedMeans(t, window) : WindowMeans(t, window);
  };
  const at::Tensor sums = means(at::constant_pad_nd(x, pads, 0));
  if (std::all_of(pads.begin(), pads.end(), [](int64_t p) { return p == 0; }))
    return sums;
  // The share of each window that counts, from a picture of ones.
  std::vector<int64_t> shape(sizes.begin(), sizes.end());
  shape.insert(shape.begin(), {1, 1});
  at::Tensor ones = at::ones(shape, x.options().requires_grad(false));
  std::vector<int64_t> rest = pads;
  if (count_pads) {
    const std::vector<int64_t> own = PadList(window);
    ones = at::constant_pad_nd(ones, own, 1);
    for (size_t i = 0; i < rest.size(); ++i) rest[i] -= own[i];
  }
  return sums / means(at::constant_pad_nd(ones, rest, 0));
}

// The window for x. The largest window at every place of a large image would
// keep a machine busy for days.
Window SizedFor(const at::Tensor& x, const Window& window) {
  const Window sized = WithPads(window, SpatialSizes(x));
  double work = static_cast<double>(x.size(0) * x.size(1));
  for (size_t i = 0; i < sized.rank(); ++i) {
    work *= static_cast<double>(sized.OutputSize(i, SpatialSizes(x)[i]) *
                                sized.kernel[i]);
  }
  TORCH_CHECK(work < 0x1p40, "a window of ", sized.kernel, " elements over ",
              x.sizes());
  return sized;
}

std::vector<int64_t> SpatialAxes(const at::Tensor& x) {
  std::vector<int64_t> axes(SpatialSizes(x).size());
  std::iota(axes.begin(), axes.end(), 2);
  return axes;
}

}  // namespace

OpRun PrepareAveragePool(const OpInit& init) {
  init.NeedInputs(1, 1);
  return
      [window = ReadWindow(init),
       count_pads = init.Flag("count_include_pad", false)](const Tensors& in) {
        return Tensors{AveragePool(in[0], SizedFor(in[0], window), count_pads)};
      };
}

OpRun PrepareGlobalAveragePool(const OpInit& init) {
  return Unary(init, [](const at::Tensor& x) {
    return x.mean(SpatialAxes(x), /*keepdim=*/true);
  });
}

OpRun PrepareGlobalMaxPool(const OpInit& init) {
  return Unary(init, [](const at::Tensor& x) {
    return x.amax(SpatialAxes(x), /*keepdim=*/true);
  });
}

// (sum over the window of |x|^p)^(1/p).
OpRun PrepareLpPool(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [window = ReadWindow(init), p = init.Int("p", 2)](const Tensors& in) {
    const Window sized = SizedFor(in[0], window);
    return Tensors{
        at::linalg_vector_norm(Windows(in[0], sized, 0), p, {-1}, false)};
  };
}

OpRun PrepareGlobalLpPool(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [p = init.Int("p", 2)](const Tensors& in) {
    return Tensors{at::linalg_vector_norm(in[0], p, SpatialAxes(in[0]), true)};
  };
}

OpRun PrepareMaxPool(const OpInit& init) {
  init.NeedInputs(1, 1);
  const bool indices =
      init.node.outputs.size() > 1 && !init.node.outputs[1].empty();
  const bool column_major = init.Flag("storage_order", false);
  return [window = ReadWindow(init), indices, column_major,
          options = init.options](const Tensors& in) {
    const Window sized = SizedFor(in[0], window);
    if (indices) return MaxPoolWithIndices(in[0], sized, column_major);
    return Tensors{MaxPool(in[0], sized, options)};
  };
}

}  // namespace phosphene::onnx
