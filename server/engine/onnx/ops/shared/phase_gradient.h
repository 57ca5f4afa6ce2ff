#pragma once

#include "server/engine/onnx/ops/shared/onednn.h"
#include "server/engine/onnx/ops/shared/window.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// Input gradient of a strided 2-D convolution of few input channels, such as
// the 7x7 stride 2 that networks begin with. Pixels of one phase (their row and
// column modulo the stride) see the output gradient through an unstrided
// kernel, so the whole is one forward convolution with stride^2 times the
// channels, and a reordering of pixels: about four times as fast as oneDNN's
// own backward for 3 channels. Thread-safe.
class PhaseGradient {
 public:
  // Whether it is the faster way for this weight [O,I,kh,kw] and window.
  static bool Suits(const at::Tensor& weight, const Window& window,
                    int64_t group);

  // REQUIRES: Suits; pads of `window` are set and symmetric.
  PhaseGradient(const at::Tensor& weight, const Window& window);

  // g [N,O,h,w] to [N,I,H,W] of these sizes.
  at::Tensor Run(const at::Tensor& g, at::IntArrayRef x_sizes);

 private:
  // One axis: taps of the unstrided kernel and pixels of it before the first.
  struct Axis {
    int64_t taps = 0, before = 0;
  };
  static Axis AxisOf(const Window& window, size_t axis);

  Window window_;
  Axis axes_[2];
  int64_t channels_;
  at::Tensor weight_;  // [I*sh*sw,O,taps,taps]
  PackedWeight packed_;
  Window phase_window_;
};

}  // namespace phosphene::onnx
