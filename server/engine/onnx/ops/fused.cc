// Operators that ONNX Runtime's optimizer joins of several.

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/product.h"
#include "server/engine/onnx/ops/shared/relu.h"

namespace phosphene::onnx {

OpRun PrepareConv(const OpInit& init);
OpRun PrepareGemm(const OpInit& init);

namespace {

using Function = std::function<at::Tensor(const at::Tensor& x)>;

// An activation by name, with up to two numbers: alpha and beta, or the bounds.
Function ActivationNamed(const OpInit& init, const std::string& name,
                         const std::vector<double>& numbers) {
  const auto number = [&](size_t i, double otherwise) {
    return i < numbers.size() ? numbers[i] : otherwise;
  };
  const double a = number(0, 0), b = number(1, 0);
  if (name.empty()) return [](const at::Tensor& x) { return x; };
  if (name == "Relu") {
    return [options = init.options](const at::Tensor& x) {
      return Activate(x, {Activation::kRelu, 0}, options);
    };
  }
  if (name == "Tanh") return [](const at::Tensor& x) { return x.tanh(); };
  if (name == "Sigmoid") return [](const at::Tensor& x) { return x.sigmoid(); };
  if (name == "LeakyRelu") {
    return [slope = number(0, 0.01)](const at::Tensor& x) {
      return at::leaky_relu(x, slope);
    };
  }
  if (name == "HardSigmoid") {
    return [a = number(0, 0.2), b = number(1, 0.5)](const at::Tensor& x) {
      return at::clamp(x * a + b, 0, 1);
    };
  }
  if (name == "Clip" && numbers.size() == 2) {
    const bool relu6 = a == 0 && b > 0;
    return [a, b, relu6, options = init.options](const at::Tensor& x) {
      return relu6 ? Activate(x, {Activation::kClip, b}, options)
                   : at::clamp(x, a, b);
    };
  }
  init.Fail(absl::StrCat("has the activation \"", name.substr(0, 64),
                         "\", which is not built"));
}

}  // namespace

// Inputs x, weight, bias, a sum that is added before the activation.
OpRun PrepareFusedConv(const OpInit& init) {
  init.NeedInputs(2, 4);
  const std::string name = init.String("activation", "");
  const bool sum = init.HasInput(3);
  Node node = init.node;
  node.inputs.resize(std::min<size_t>(node.inputs.size(), 3));
  // What the convolution does itself it does fastest.
  const bool inside = name == "Relu" && !sum;
  if (inside) node.activation = {Activation::kRelu, 0};
  Tensors constants = init.constants;
  constants.resize(node.inputs.size());
  const Function activation = ActivationNamed(init, inside ? "" : name,
                                              init.Floats("activation_params"));
  return [conv = PrepareConv(OpInit(node, init.opset, constants, init.options)),
          activation](const Tensors& in) {
    const at::Tensor added = Optional(in, 3);
    Tensors own = in;
    own.resize(std::min<size_t>(own.size(), 3));
    const at::Tensor y = conv(own)[0];
    return Tensors{activation(added.defined() ? y + added : y)};
  };
}

OpRun PrepareFusedGemm(const OpInit& init) {
  const std::vector<double> numbers = {init.Float("activation_alpha", 0.01),
                                       init.Float("activation_beta", 0.5)};
  return [gemm = PrepareGemm(init),
          activation =
              ActivationNamed(init, init.String("activation", ""), numbers)](
             const Tensors& in) { return Tensors{activation(gemm(in)[0])}; };
}

// alpha A B, either turned over its last two axes, or with axis 0 moved behind
// those of the batch.
OpRun PrepareFusedMatMul(const OpInit& init) {
  init.NeedInputs(2, 2);
  const double alpha = init.Float("alpha", 1);
  const bool turn_a = init.Flag("transA", false),
             turn_b = init.Flag("transB", false),
             batch_a = init.Flag("transBatchA", false),
             batch_b = init.Flag("transBatchB", false);
  at::Tensor matrix = init.Constant(1);
  if (matrix.defined() && matrix.dim() == 2 && turn_b) matrix = matrix.t();
  std::shared_ptr<FrozenLinear> linear;
  if (!batch_b && FrozenLinear::Suits(matrix, init.options))
    linear = std::make_shared<FrozenLinear>(matrix, at::Tensor());
  return [=](const Tensors& in) {
    const auto turned = [](at::Tensor x, bool batch, bool turn) {
      if (batch && x.dim() > 2) x = x.movedim(0, -2);
      return turn && x.dim() > 1 ? x.transpose(-2, -1) : x;
    };
    const at::Tensor a = turned(in[0], batch_a, turn_a).contiguous();
    const at::Tensor y =
        linear ? linear->Run(a)
               : Product(a, turned(in[1], batch_b, turn_b).contiguous());
    return Tensors{alpha == 1 ? y : y * alpha};
  };
}

// gelu(a + b).
OpRun PrepareBiasGelu(const OpInit& init) {
  return Binary(init, [](const at::Tensor& a, const at::Tensor& b) {
    return at::gelu(a + b);
  });
}

// gelu(x + bias) by tanh.
OpRun PrepareFastGelu(const OpInit& init) {
  init.NeedInputs(1, 2);
  return [](const Tensors& in) {
    const at::Tensor bias = Optional(in, 1);
    return Tensors{at::gelu(bias.defined() ? in[0] + bias : in[0], "tanh")};
  };
}

// x sigmoid(alpha x).
OpRun PrepareSwish(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [alpha = init.Float("alpha", 1)](const Tensors& in) {
    return Tensors{in[0] * at::sigmoid(alpha == 1 ? in[0] : in[0] * alpha)};
  };
}

// Likewise with the constant that makes it nearly gelu.
OpRun PrepareQuickGelu(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [alpha = init.Float("alpha", 1.702)](const Tensors& in) {
    return Tensors{in[0] * at::sigmoid(in[0] * alpha)};
  };
}

}  // namespace phosphene::onnx
