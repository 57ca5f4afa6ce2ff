// Activations, and softmax and its kin.

#include <cmath>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/relu.h"

namespace phosphene::onnx {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A bound of Clip from its attribute (opset 6) or a constant input, when known.
std::optional<double> KnownBound(const OpInit& init, const char* attribute,
                                 size_t input, double otherwise) {
  if (init.Has(attribute)) return init.Float(attribute, otherwise);
  if (!init.HasInput(input)) return otherwise;
  const at::Tensor bound = init.HostConstant(input);
  if (!bound.defined() || bound.numel() != 1) return std::nullopt;
  return bound.item().toDouble();
}

at::Tensor ClampByTensors(const Tensors& in) {
  at::Tensor y = in[0];
  if (Optional(in, 1).defined()) y = at::maximum(y, in[1].to(y.scalar_type()));
  if (Optional(in, 2).defined()) y = at::minimum(y, in[2].to(y.scalar_type()));
  return y;
}

at::Tensor ClampByNumbers(at::Tensor y, double low, double high) {
  const auto scalar = [&](double value) {
    return at::isFloatingType(y.scalar_type())
               ? at::Scalar(value)
               : at::Scalar(static_cast<int64_t>(value));
  };
  if (std::isfinite(low)) y = at::clamp_min(y, scalar(low));
  if (std::isfinite(high)) y = at::clamp_max(y, scalar(high));
  return y;
}

// Applies fn(x, axis); before opset 13 everything from the axis on counted as
// one axis.
OpRun AlongAxis(const OpInit& init,
                at::Tensor (*fn)(const at::Tensor& x, int64_t axis)) {
  init.NeedInputs(1, 1);
  const bool flattens = init.opset < 13;
  const int64_t axis = init.Int("axis", flattens ? 1 : -1);
  return [axis, flattens, fn](const Tensors& in) {
    const int64_t first = WrapAxis(axis, in[0].dim());
    if (!flattens) return Tensors{fn(in[0], first)};
    return Tensors{fn(in[0].flatten(first), first).view(in[0].sizes())};
  };
}

}  // namespace

OpRun PrepareRelu(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [options = init.options](const Tensors& in) {
    return Tensors{Activate(in[0], {Activation::kRelu, 0}, options)};
  };
}

// min(max(x, low), high).
OpRun PrepareClip(const OpInit& init) {
  init.NeedInputs(1, 3);
  const std::optional<double> low = KnownBound(init, "min", 1, -kInfinity);
  const std::optional<double> high = KnownBound(init, "max", 2, kInfinity);
  if (!low || !high) {
    return [](const Tensors& in) { return Tensors{ClampByTensors(in)}; };
  }
  // Clip from 0 is ReLU6 and its kin, which gradient overrides act on.
  const bool relu6 = *low == 0 && *high > 0 && std::isfinite(*high);
  return [low = *low, high = *high, relu6,
          options = init.options](const Tensors& in) {
    if (relu6 && at::isFloatingType(in[0].scalar_type())) {
      return Tensors{Activate(in[0], {Activation::kClip, high}, options)};
    }
    return Tensors{ClampByNumbers(in[0], low, high)};
  };
}

OpRun PrepareSigmoid(const OpInit& init) { return Unary(init, at::sigmoid); }
OpRun PrepareTanh(const OpInit& init) { return Unary(init, at::tanh); }
OpRun PrepareMish(const OpInit& init) { return Unary(init, at::mish); }
// x max(0, min(1, x / 6 + 0.5)) (Howard et al. 2019).
OpRun PrepareHardSwish(const OpInit& init) {
  return Unary(init, at::hardswish);
}
// log(1 + e^x).
OpRun PrepareSoftplus(const OpInit& init) {
  return Unary(init, [](const at::Tensor& x) { return at::softplus(x); });
}
OpRun PrepareSoftsign(const OpInit& init) {
  return Unary(init, [](const at::Tensor& x) { return x / (1 + x.abs()); });
}

// max(0, min(1, alpha x + beta)).
OpRun PrepareHardSigmoid(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [alpha = init.Float("alpha", 0.2),
          beta = init.Float("beta", 0.5)](const Tensors& in) {
    return Tensors{at::clamp(in[0] * alpha + beta, 0, 1)};
  };
}

// x, or alpha x below 0.
OpRun PrepareLeakyRelu(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [alpha = init.Float("alpha", 0.01)](const Tensors& in) {
    return Tensors{at::leaky_relu(in[0], alpha)};
  };
}

// Likewise with a slope per channel that was trained (He et al. 2015).
OpRun PreparePRelu(const OpInit& init) {
  return Binary(init, [](const at::Tensor& x, const at::Tensor& slope) {
    return at::where(x < 0, slope * x, x);
  });
}

// x, or alpha (e^x - 1) below 0 (Clevert et al. 2015).
OpRun PrepareElu(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [alpha = init.Float("alpha", 1)](const Tensors& in) {
    return Tensors{at::elu(in[0], alpha)};
  };
}

// gamma (x, or alpha (e^x - 1) below 0) (Klambauer et al. 2017).
OpRun PrepareSelu(const OpInit& init) {
  init.NeedInputs(1, 1);
  // Defaults as ONNX gives them, from "Self-Normalizing Neural Networks".
  return
      [alpha = init.Float("alpha", 1.67326319217681884765625),
       gamma = init.Float("gamma", 1.05070102214813232421875)](
          const Tensors& in) { return Tensors{at::elu(in[0], alpha, gamma)}; };
}

// max(0, x) + min(0, alpha (e^(x / alpha) - 1)) (Barron 2017).
OpRun PrepareCelu(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [alpha = init.Float("alpha", 1)](const Tensors& in) {
    return Tensors{at::celu(in[0], alpha)};
  };
}

// x Phi(x), Phi the normal distribution's, exact or by tanh (Hendrycks & Gimpel
// 2016).
OpRun PrepareGelu(const OpInit& init) {
  init.NeedInputs(1, 1);
  const std::string approximate = init.String("approximate", "none");
  if (approximate != "none" && approximate != "tanh") {
    init.Fail("has an approximate other than none and tanh");
  }
  return [approximate](const Tensors& in) {
    return Tensors{at::gelu(in[0], approximate)};
  };
}

// x above alpha, else 0.
OpRun PrepareThresholdedRelu(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [alpha = init.Float("alpha", 1)](const Tensors& in) {
    return Tensors{at::threshold(in[0], alpha, 0)};
  };
}

// x + bias below -lambd, x - bias above lambd, else 0.
OpRun PrepareShrink(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [bias = init.Float("bias", 0),
          lambda = init.Float("lambd", 0.5)](const Tensors& in) {
    const at::Tensor& x = in[0];
    const at::Tensor zero = at::zeros_like(x);
    return Tensors{at::where(x < -lambda, x + bias,
                             at::where(x > lambda, x - bias, zero))};
  };
}

OpRun PrepareSoftmax(const OpInit& init) {
  return AlongAxis(init, [](const at::Tensor& x, int64_t axis) {
    return at::softmax(x, axis);
  });
}

OpRun PrepareLogSoftmax(const OpInit& init) {
  return AlongAxis(init, [](const at::Tensor& x, int64_t axis) {
    return at::log_softmax(x, axis);
  });
}

// 1 at the first largest element, 0 elsewhere.
OpRun PrepareHardmax(const OpInit& init) {
  return AlongAxis(init, [](const at::Tensor& x, int64_t axis) {
    return at::zeros_like(x).scatter(axis, at::argmax(x, axis, true), 1);
  });
}

}  // namespace phosphene::onnx
