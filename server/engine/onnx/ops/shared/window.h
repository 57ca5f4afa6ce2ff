#pragma once

#include <cstdint>
#include <vector>

#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {

// The sliding window of a convolution or pooling, one value a spatial axis.
struct Window {
  std::vector<int64_t> kernel, stride, dilation, pad_begin, pad_end;
  enum AutoPad {
    kExplicit,
    kSameUpper,
    kSameLower,
    kValid
  } auto_pad = kExplicit;
  bool ceil_mode = false;

  size_t rank() const { return kernel.size(); }
  bool SymmetricPads() const { return pad_begin == pad_end; }
  // Pixels a dilated kernel spans.
  int64_t Extent(size_t axis) const {
    return dilation[axis] * (kernel[axis] - 1) + 1;
  }
  // Positions along an axis of `size` pixels; throws c10::Error when there is
  // none. With ceil_mode a last, partial position counts unless it begins in
  // the end padding, as PyTorch and ONNX Runtime have it.
  int64_t OutputSize(size_t axis, int64_t size) const;
};

// Reads kernel_shape (or takes `kernel`, from a weight), strides, pads,
// dilations, auto_pad, ceil_mode; throws BadNode on sizes below 1, above 2^16
// or of the wrong number.
Window ReadWindow(const OpInit& init, std::vector<int64_t> kernel = {});

// The window with auto_pad turned into pads for an input of these spatial
// sizes.
Window WithPads(const Window& window, at::IntArrayRef sizes);

// The window with end pads such that every position, the partial last ones of
// ceil_mode too, lies inside of the padded input.
Window Covering(const Window& window, at::IntArrayRef sizes);

// Every window of x as a last axis: [N,C,positions...,elements of a window],
// `fill` outside of the image.
at::Tensor Windows(const at::Tensor& x, const Window& window,
                   const at::Scalar& fill);

// Spatial sizes of a tensor [N,C,...].
at::IntArrayRef SpatialSizes(const at::Tensor& x);

// Pads for at::constant_pad_nd.
std::vector<int64_t> PadList(const Window& window);

}  // namespace phosphene::onnx
