// The input gradient of a strided convolution, a phase of pixels at a time.

#include "server/engine/onnx/ops/shared/phase_gradient.h"

#include <algorithm>

#include "server/engine/tensor/width.h"

namespace phosphene::onnx {
namespace {

constexpr int64_t kMaxChannels = 4;

int64_t FloorDiv(int64_t a, int64_t b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

}  // namespace

bool PhaseGradient::Suits(const at::Tensor& weight, const Window& window,
                          int64_t group) {
  return group == 1 && weight.size(1) <= kMaxChannels &&
         window.dilation[0] == 1 && window.dilation[1] == 1 &&
         std::max(window.stride[0], window.stride[1]) > 1 &&
         std::max(window.stride[0], window.stride[1]) <= 4;
}

// Pixel x = s y + r (phase r) met output o through tap k of the kernel where
// x = s o + k - pad, so o = y - t with t = (k - r - pad) / s: the gradient is a
// correlation over t from the largest down.
PhaseGradient::Axis PhaseGradient::AxisOf(const Window& window, size_t axis) {
  const int64_t stride = window.stride[axis], pad = window.pad_begin[axis];
  const int64_t largest = FloorDiv(window.kernel[axis] - 1 - pad, stride);
  const int64_t least = -FloorDiv(stride - 1 + pad, stride);
  return {largest - least + 1, largest};
}

PhaseGradient::PhaseGradient(const at::Tensor& weight, const Window& window)
    : window_(window),
      axes_{AxisOf(window, 0), AxisOf(window, 1)},
      channels_(weight.size(1)),
      packed_([this] { return weight_; }, /*group=*/1) {
  const int64_t sh = window.stride[0], sw = window.stride[1];
  const at::Tensor w = weight.contiguous().transpose(0, 1);  // [I,O,kh,kw]
  at::Tensor phases = at::zeros(
      {channels_, sh, sw, weight.size(0), axes_[0].taps, axes_[1].taps},
      weight.options());
  // Tap of the phase's kernel for tap k of the weight, -1 for none.
  const auto tap = [&](size_t axis, int64_t k, int64_t phase) -> int64_t {
    const int64_t offset = k - phase - window.pad_begin[axis];
    if (offset != FloorDiv(offset, window.stride[axis]) * window.stride[axis])
      return -1;
    return axes_[axis].before - FloorDiv(offset, window.stride[axis]);
  };
  for (int64_t ry = 0; ry < sh; ++ry) {
    for (int64_t rx = 0; rx < sw; ++rx) {
      for (int64_t ky = 0; ky < window.kernel[0]; ++ky) {
        for (int64_t kx = 0; kx < window.kernel[1]; ++kx) {
          const int64_t ty = tap(0, ky, ry), tx = tap(1, kx, rx);
          if (ty < 0 || tx < 0) continue;
          phases.select(1, ry)
              .select(1, rx)
              .select(-2, ty)
              .select(-1, tx)
              .copy_(w.select(-2, ky).select(-1, kx));
        }
      }
    }
  }
  weight_ = phases.flatten(0, 2).contiguous(at::MemoryFormat::ChannelsLast);
  phase_window_.kernel = {axes_[0].taps, axes_[1].taps};
  phase_window_.stride = phase_window_.dilation = {1, 1};
}

at::Tensor PhaseGradient::Run(const at::Tensor& g, at::IntArrayRef x_sizes) {
  int64_t rows[2];
  Window window = phase_window_;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t size = x_sizes[2 + i];
    rows[i] = (size + window_.stride[i] - 1) / window_.stride[i];
    const int64_t after = rows[i] - g.size(2 + static_cast<int64_t>(i)) -
                          axes_[i].before + axes_[i].taps - 1;
    // oneDNN is reached with equal pads only; what is too much is cut off.
    const int64_t pad = std::max({axes_[i].before, after, int64_t{0}});
    window.pad_begin.push_back(pad);
    window.pad_end.push_back(pad);
  }
  at::Tensor phases = packed_.Convolve(g, {}, window, {});
  const Widened wide;  // elements are moved
  phases = phases.narrow(2, window.pad_begin[0] - axes_[0].before, rows[0])
               .narrow(3, window.pad_begin[1] - axes_[1].before, rows[1]);
  const int64_t sh = window_.stride[0], sw = window_.stride[1];
  return phases.unflatten(1, {channels_, sh, sw})
      .permute({0, 1, 4, 2, 5, 3})
      .reshape({g.size(0), channels_, rows[0] * sh, rows[1] * sw})
      .narrow(2, 0, x_sizes[2])
      .narrow(3, 0, x_sizes[3])
      .contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace phosphene::onnx
