// Products of matrices and tensors.

#include <memory>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/product.h"
#include "server/engine/tensor/wide_product.h"

namespace phosphene::onnx {

// alpha A B + beta C, either matrix perhaps transposed.
OpRun PrepareGemm(const OpInit& init) {
  init.NeedInputs(2, 3);
  const double alpha = init.Float("alpha", 1), beta = init.Float("beta", 1);
  const bool turn_a = init.Flag("transA", false),
             turn_b = init.Flag("transB", false);
  const at::Tensor matrix = init.Constant(1), bias = init.Constant(2);
  const bool plain = alpha == 1 && beta == 1 && !turn_a &&
                     FrozenLinear::Suits(matrix, init.options);
  const bool vector = bias.defined() && bias.dim() == 1 &&
                      bias.scalar_type() == matrix.scalar_type() &&
                      bias.numel() == matrix.size(turn_b ? 0 : 1);
  if (plain && (vector || !init.HasInput(2))) {
    auto linear =
        std::make_shared<FrozenLinear>(turn_b ? matrix.t() : matrix, bias);
    return [linear](const Tensors& in) {
      TORCH_CHECK(in[0].dim() == 2, "matrices are needed");
      return Tensors{linear->Run(in[0])};
    };
  }
  return [alpha, beta, turn_a, turn_b](const Tensors& in) {
    TORCH_CHECK(in[0].dim() == 2 && in[1].dim() == 2, "matrices are needed");
    const at::Tensor a = turn_a ? in[0].t() : in[0];
    const at::Tensor b = turn_b ? in[1].t() : in[1];
    TORCH_CHECK(a.size(1) == b.size(0), "the input has ", a.size(1),
                " values per row where ", b.size(0),
                " are needed; the layer takes another image size");
    const at::Tensor bias = Optional(in, 2);
    if (bias.defined() && !a.is_cpu())
      return Tensors{at::addmm(bias, a, b, beta, alpha)};
    at::Tensor product = WideMm(a, b);
    if (alpha != 1) product = product * alpha;
    if (bias.defined())
      product = product + (beta == 1 ? bias : bias * beta).expand_as(product);
    return Tensors{product};
  };
}

// As numpy.matmul.
OpRun PrepareMatMul(const OpInit& init) {
  init.NeedInputs(2, 2);
  if (FrozenLinear::Suits(init.Constant(1), init.options)) {
    auto linear =
        std::make_shared<FrozenLinear>(init.Constant(1), at::Tensor());
    return [linear, matrix = init.Constant(1)](const Tensors& in) {
      const bool same =
          in[0].scalar_type() == matrix.scalar_type() && in[0].numel() > 0;
      return Tensors{same ? linear->Run(in[0]) : at::matmul(in[0], matrix)};
    };
  }
  return Binary(init, Product);
}

OpRun PrepareEinsum(const OpInit& init) {
  init.NeedInputs(1);
  const std::string equation = init.String("equation", "");
  if (equation.empty()) init.Fail("has no equation");
  return [equation](const Tensors& in) {
    return Tensors{at::einsum(equation, in)};
  };
}

OpRun PrepareDet(const OpInit& init) { return Unary(init, at::linalg_det); }

}  // namespace phosphene::onnx
