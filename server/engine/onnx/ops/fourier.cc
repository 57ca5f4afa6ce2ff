// The discrete Fourier transform.

#include <algorithm>

#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {
namespace {

struct Fourier {
  bool inverse = false, half = false;
  int64_t axis = 1;
};

// Complex numbers of [...,2], or of [...,1] without imaginary parts.
at::Tensor ToComplex(const at::Tensor& x) {
  TORCH_CHECK(x.dim() >= 2 && (x.size(-1) == 1 || x.size(-1) == 2),
              "a last axis of 1 or 2 (real, imaginary) is needed");
  const at::Tensor pair =
      x.size(-1) == 2 ? x : at::constant_pad_nd(x, {0, 1}, 0);
  return at::view_as_complex(pair.contiguous());
}

at::Tensor Transform(const Fourier& f, const at::Tensor& input,
                     std::optional<int64_t> length) {
  const at::ScalarType type =
      input.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor x = ToComplex(input.to(type));
  const int64_t axis = WrapAxis(f.axis, input.dim());
  TORCH_CHECK(axis < x.dim(), "the axis of real and imaginary parts is named");
  if (length) {
    TORCH_CHECK(*length >= 1, "a transform of ", *length, " values");
    std::vector<int64_t> sizes = x.sizes().vec();
    sizes[axis] = *length;
    CheckSize(sizes);
  }
  if (f.inverse && f.half) {
    return at::fft_irfft(x, length, axis).unsqueeze(-1).to(input.scalar_type());
  }
  at::Tensor y =
      f.inverse ? at::fft_ifft(x, length, axis) : at::fft_fft(x, length, axis);
  if (f.half) y = y.narrow(axis, 0, y.size(axis) / 2 + 1);
  return at::view_as_real(y).to(input.scalar_type());
}

}  // namespace

// Inputs x [...,1 or 2], the length, since opset 20 the axis.
OpRun PrepareDFT(const OpInit& init) {
  init.NeedInputs(1, 3);
  // Before opset 20 the default was the first axis behind the rows.
  const Fourier stated = {init.Flag("inverse", false),
                          init.Flag("onesided", false),
                          init.Int("axis", init.opset < 20 ? 1 : -2)};
  return [stated](const Tensors& in) {
    Fourier f = stated;
    if (Optional(in, 2).defined()) f.axis = ToInts(in[2]).at(0);
    std::optional<int64_t> length;
    if (Optional(in, 1).defined()) length = ToInts(in[1]).at(0);
    return Tensors{Transform(f, in[0], length)};
  };
}

}  // namespace phosphene::onnx
