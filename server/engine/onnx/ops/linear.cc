// Products of matrices and tensors.

#include "server/engine/onnx/op.h"

namespace phosphene::onnx {

OpRun PrepareGemm(const OpInit& init) {
  init.NeedInputs(2, 3);
  const double alpha = init.Float("alpha", 1), beta = init.Float("beta", 1);
  const bool turn_a = init.Flag("transA", false), turn_b = init.Flag("transB", false);
  return [alpha, beta, turn_a, turn_b](const Tensors& in) {
    TORCH_CHECK(in[0].dim() == 2 && in[1].dim() == 2, "matrices are needed");
    const at::Tensor a = turn_a ? in[0].t() : in[0];
    const at::Tensor b = turn_b ? in[1].t() : in[1];
    TORCH_CHECK(a.size(1) == b.size(0), "the input has ", a.size(1), " values a row where ",
                b.size(0), " are needed; the layer takes another image size");
    if (Optional(in, 2).defined()) return Tensors{at::addmm(in[2], a, b, beta, alpha)};
    const at::Tensor product = at::mm(a, b);
    return Tensors{alpha == 1 ? product : product * alpha};
  };
}

OpRun PrepareMatMul(const OpInit& init) {
  return Binary(init, [](const at::Tensor& a, const at::Tensor& b) { return at::matmul(a, b); });
}

OpRun PrepareEinsum(const OpInit& init) {
  init.NeedInputs(1);
  const std::string equation = init.String("equation", "");
  if (equation.empty()) init.Fail("has no equation");
  return [equation](const Tensors& in) { return Tensors{at::einsum(equation, in)}; };
}

OpRun PrepareDet(const OpInit& init) { return Unary(init, at::linalg_det); }

}  // namespace phosphene::onnx
