// Rounding to quantized types, straight through which gradients flow.

#include "server/engine/onnx/ops/shared/quantized.h"

#include <algorithm>
#include <vector>

#include "server/engine/onnx/ops/shared/gradient.h"

namespace phosphene::onnx {

QuantizedRange RangeOf(at::ScalarType type) {
  switch (type) {
    case at::kByte:
      return {0, 255};
    case at::kChar:
      return {-128, 127};
    case at::kShort:
      return {-32768, 32767};
    case at::kInt:
      return {0, 65535};
    default:
      TORCH_CHECK(false, "values quantized to ", c10::toString(type),
                  " are not built; 8 and 16 bits are");
  }
}

QuantizedRange RangeOfZero(const at::Tensor& zero) {
  return zero.defined() ? RangeOf(zero.scalar_type()) : QuantizedRange();
}

at::Tensor SpreadOver(const at::Tensor& parameter, const at::Tensor& x,
                      int64_t axis, int64_t block) {
  if (!parameter.defined()) return parameter;
  const at::Tensor here = parameter.to(x.device());
  if (block > 0 && here.dim() == x.dim()) {
    const int64_t along = WrapAxis(axis, x.dim());
    TORCH_CHECK(block <= kMaxElements && here.size(along) > 0 &&
                    (x.size(along) + block - 1) / block == here.size(along),
                "blocks of ", block, " do not cover an axis of ",
                x.size(along));
    return here.repeat_interleave(block, along).narrow(along, 0, x.size(along));
  }
  if (here.numel() == 1) return here.reshape({});
  if (here.dim() != 1) return here;  // broadcast as it is
  std::vector<int64_t> shape(x.dim(), 1);
  shape[x.dim() == 1 ? 0 : WrapAxis(axis, x.dim())] = here.numel();
  return here.view(shape);
}

at::Tensor Quantized(const at::Tensor& x, const at::Tensor& scale,
                     const at::Tensor& zero, const QuantizedRange& range) {
  const at::ScalarType type =
      at::isFloatingType(x.scalar_type()) ? x.scalar_type() : at::kFloat;
  const bool records = Records({x});
  at::Tensor y, inside;
  const at::Tensor steps = scale.detach().to(x.device(), type);
  {
    at::NoGradGuard no_grad;
    y = at::round(x.detach().to(type) / steps);
    if (zero.defined()) y = y + zero.detach().to(x.device(), type);
    if (records) inside = y.ge(range.lo).logical_and_(y.le(range.hi));
    y = y.clamp(range.lo, range.hi);
  }
  if (records) {
    SetBackward({x}, {y}, [inside, steps](const Tensors& grads) -> Tensors {
      return {(grads[0] / steps).masked_fill(inside.logical_not(), 0)};
    });
  }
  return y;
}

at::Tensor FromZero(const at::Tensor& x, const at::Tensor& zero,
                    at::ScalarType type) {
  const at::Tensor wide = x.to(type);
  return zero.defined() ? wide - zero.to(x.device(), type) : wide;
}

at::Tensor Dequantized(const at::Tensor& x, const at::Tensor& scale,
                       const at::Tensor& zero) {
  return FromZero(x, zero, scale.scalar_type()) * scale;
}

SelfQuantized QuantizedByItself(const at::Tensor& x) {
  const QuantizedRange range = RangeOf(at::kByte);
  const bool rows = x.dim() >= 2 && x.size(0) > 1;
  SelfQuantized out;
  {
    at::NoGradGuard no_grad;
    const at::Tensor flat =
        rows ? x.detach().flatten(1) : x.detach().reshape({1, -1});
    TORCH_CHECK(flat.numel() > 0, "nothing is quantized by its own range");
    const at::Tensor lo = flat.amin(1).clamp_max(0),
                     hi = flat.amax(1).clamp_min(0);
    std::vector<int64_t> shape;
    if (rows) shape.assign(x.dim(), 1), shape[0] = x.size(0);
    const at::Tensor scale = (hi - lo) / (range.hi - range.lo);
    // All zeros: any step will do.
    out.scale = scale.masked_fill(scale.eq(0), 1).view(shape);
    out.zero = at::round(range.lo - lo.view(shape) / out.scale)
                   .clamp(range.lo, range.hi)
                   .to(at::kByte);
  }
  out.y = Quantized(x, out.scale, out.zero, range);
  return out;
}

}  // namespace phosphene::onnx
