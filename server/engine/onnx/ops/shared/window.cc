// Windows slid over positions: attributes, padding, output sizes.

#include "server/engine/onnx/ops/shared/window.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace phosphene::onnx {
namespace {

// Networks stay far below. oneDNN's kernels address with 32 bits and crash on a
// stride of 65536 (seen).
constexpr int64_t kMaxWindow = 1024;

void CheckRange(const OpInit& init, const char* what,
                const std::vector<int64_t>& values, size_t count,
                int64_t least) {
  if (values.size() != count) {
    init.Fail(absl::StrCat(what, " has ", values.size(), " values where ",
                           count, " are needed"));
  }
  for (int64_t value : values) {
    if (value >= least && value <= kMaxWindow) continue;
    init.Fail(absl::StrCat(what, " holds ", value, "; allowed are ", least,
                           " to ", kMaxWindow));
  }
}

Window::AutoPad ReadAutoPad(const OpInit& init) {
  const std::string mode = init.String("auto_pad", "NOTSET");
  if (mode == "NOTSET") return Window::kExplicit;
  if (mode == "SAME_UPPER") return Window::kSameUpper;
  if (mode == "SAME_LOWER") return Window::kSameLower;
  if (mode == "VALID") return Window::kValid;
  init.Fail(
      absl::StrCat("auto_pad is \"", mode.substr(0, 64),
                   "\"; allowed are NOTSET, SAME_UPPER, SAME_LOWER and VALID"));
}

}  // namespace

int64_t Window::OutputSize(size_t axis, int64_t size) const {
  const int64_t room = size + pad_begin[axis] + pad_end[axis] - Extent(axis);
  TORCH_CHECK(room >= 0, "the input has ", size, " pixels where a window of ",
              Extent(axis), " must fit; use a larger image");
  int64_t count = room / stride[axis] + 1;
  if (ceil_mode && room % stride[axis] != 0 &&
      count * stride[axis] < size + pad_begin[axis]) {
    ++count;
  }
  return count;
}

Window ReadWindow(const OpInit& init, std::vector<int64_t> kernel) {
  Window window;
  window.kernel = init.Ints("kernel_shape", kernel);
  if (window.kernel.empty()) init.Fail("has no kernel_shape");
  if (!kernel.empty() && kernel != window.kernel) {
    init.Fail("has a kernel_shape that is not its weight's");
  }
  const size_t rank = window.kernel.size();
  if (rank > 3)
    init.Fail(absl::StrCat("slides over ", rank, " axes; at most 3 are built"));
  window.stride = init.Ints("strides", std::vector<int64_t>(rank, 1));
  window.dilation = init.Ints("dilations", std::vector<int64_t>(rank, 1));
  const std::vector<int64_t> pads =
      init.Ints("pads", std::vector<int64_t>(2 * rank, 0));
  CheckRange(init, "kernel_shape", window.kernel, rank, 1);
  CheckRange(init, "strides", window.stride, rank, 1);
  CheckRange(init, "dilations", window.dilation, rank, 1);
  CheckRange(init, "pads", pads, 2 * rank, 0);
  window.pad_begin.assign(pads.begin(), pads.begin() + rank);
  window.pad_end.assign(pads.begin() + rank, pads.end());
  window.auto_pad = ReadAutoPad(init);
  window.ceil_mode = init.Flag("ceil_mode", false);
  return window;
}

Window WithPads(const Window& window, at::IntArrayRef sizes) {
  TORCH_CHECK(sizes.size() == window.rank(), "the input has ", sizes.size(),
              " spatial axes where ", window.rank(), " are needed");
  if (window.auto_pad == Window::kExplicit) return window;
  Window out = window;
  for (size_t i = 0; i < window.rank(); ++i) {
    int64_t total = 0;
    if (window.auto_pad != Window::kValid) {
      const int64_t positions =
          (sizes[i] + window.stride[i] - 1) / window.stride[i];
      total = std::max<int64_t>(
          (positions - 1) * window.stride[i] + window.Extent(i) - sizes[i], 0);
    }
    const int64_t small = total / 2;
    const bool upper = window.auto_pad == Window::kSameUpper;
    out.pad_begin[i] = upper ? small : total - small;
    out.pad_end[i] = total - out.pad_begin[i];
  }
  return out;
}

Window Covering(const Window& window, at::IntArrayRef sizes) {
  Window out = window;
  for (size_t i = 0; i < window.rank(); ++i) {
    const int64_t reach =
        (window.OutputSize(i, sizes[i]) - 1) * window.stride[i] +
        window.Extent(i);
    out.pad_end[i] =
        std::max<int64_t>(reach - sizes[i] - window.pad_begin[i], 0);
  }
  return out;
}

at::IntArrayRef SpatialSizes(const at::Tensor& x) {
  TORCH_CHECK(x.dim() >= 3,
              "an input of at least 3 axes [N,C,...] is needed, not ", x.dim());
  return x.sizes().slice(2);
}

std::vector<int64_t> PadList(const Window& window) {
  std::vector<int64_t> pads;
  for (size_t i = window.rank(); i-- > 0;) {
    pads.push_back(window.pad_begin[i]);
    pads.push_back(window.pad_end[i]);
  }
  return pads;
}

at::Tensor Windows(const at::Tensor& x, const Window& window,
                   const at::Scalar& fill) {
  at::Tensor out =
      at::constant_pad_nd(x, PadList(Covering(window, SpatialSizes(x))), fill);
  for (size_t i = 0; i < window.rank(); ++i) {
    const int64_t axis = 2 + static_cast<int64_t>(i);
    out =
        out.narrow(axis, 0,
                   (window.OutputSize(i, x.size(axis)) - 1) * window.stride[i] +
                       window.Extent(i));
    out = out.unfold(axis, window.Extent(i), window.stride[i])
              .slice(-1, 0, std::nullopt, window.dilation[i]);
  }
  return out.flatten(2 + static_cast<int64_t>(window.rank()));
}

}  // namespace phosphene::onnx
