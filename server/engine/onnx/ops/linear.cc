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
    const bool biased = in.size() > 2 && in[2].defined();
    if (biased) return Tensors{at::addmm(in[2], a, b, beta, alpha)};
    const at::Tensor product = at::mm(a, b);
    return Tensors{alpha == 1 ? product : product * alpha};
  };
}

}  // namespace phosphene::onnx
