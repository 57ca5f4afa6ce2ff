#include <algorithm>
#include <limits>

#include "server/engine/onnx/op.h"
#include "server/engine/onnx/relu.h"

namespace phosphene::onnx {
namespace {

// A bound of Clip from its attribute (opset 6) or a constant input, when known.
std::optional<double> KnownBound(const OpInit& init, const char* attribute, size_t input,
                                 double otherwise) {
  if (init.Has(attribute)) return init.Float(attribute, otherwise);
  if (!init.HasInput(input)) return otherwise;
  const at::Tensor bound = init.Constant(input);
  if (!bound.defined() || bound.numel() != 1) return std::nullopt;
  return bound.item().toDouble();
}

at::Tensor Clamp(const Tensors& in) {
  at::Tensor y = in[0];
  if (in.size() > 1 && in[1].defined()) y = at::maximum(y, in[1].to(y.scalar_type()));
  if (in.size() > 2 && in[2].defined()) y = at::minimum(y, in[2].to(y.scalar_type()));
  return y;
}

}  // namespace

OpRun PrepareRelu(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [options = init.options](const Tensors& in) {
    return Tensors{Activate(in[0], {Activation::kRelu, 0}, options)};
  };
}

OpRun PrepareClip(const OpInit& init) {
  init.NeedInputs(1, 3);
  const double infinity = std::numeric_limits<double>::infinity();
  const std::optional<double> low = KnownBound(init, "min", 1, -infinity);
  const std::optional<double> high = KnownBound(init, "max", 2, infinity);
  if (!low || !high) {
    return [](const Tensors& in) { return Tensors{Clamp(in)}; };
  }
  return [low = *low, high = *high, options = init.options](const Tensors& in) {
    const bool is_float = at::isFloatingType(in[0].scalar_type());
    // Clip from 0 is ReLU6 and its kin, which gradient overrides act on.
    if (is_float && low == 0 && high > 0 && std::isfinite(high)) {
      return Tensors{Activate(in[0], {Activation::kClip, high}, options)};
    }
    const bool bounded_below = std::isfinite(low), bounded_above = std::isfinite(high);
    at::Tensor y = in[0];
    const auto scalar = [&](double v) { return is_float ? at::Scalar(v) : at::Scalar(static_cast<int64_t>(v)); };
    if (bounded_below) y = at::clamp_min(y, scalar(low));
    if (bounded_above) y = at::clamp_max(y, scalar(high));
    return Tensors{y};
  };
}

OpRun PrepareSoftmax(const OpInit& init) {
  init.NeedInputs(1, 1);
  // Before opset 13 everything from the axis on is one distribution.
  const bool flattens = init.opset < 13;
  const int64_t axis = init.Int("axis", flattens ? 1 : -1);
  return [axis, flattens](const Tensors& in) {
    const int64_t first = WrapAxis(axis, in[0].dim());
    if (!flattens) return Tensors{at::softmax(in[0], first)};
    return Tensors{at::softmax(in[0].flatten(first), first).view_as(in[0].contiguous())};
  };
}

}  // namespace phosphene::onnx
