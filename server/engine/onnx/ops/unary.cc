// Functions of each element alone that are not activations.

#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {

OpRun PrepareAbs(const OpInit& init) { return Unary(init, at::abs); }
OpRun PrepareNeg(const OpInit& init) { return Unary(init, at::neg); }
OpRun PrepareSign(const OpInit& init) { return Unary(init, at::sign); }
OpRun PrepareFloor(const OpInit& init) { return Unary(init, at::floor); }
OpRun PrepareCeil(const OpInit& init) { return Unary(init, at::ceil); }
// To the nearest, halves to even.
OpRun PrepareRound(const OpInit& init) {
  return Unary(init, [](const at::Tensor& x) { return at::round(x); });
}
OpRun PrepareReciprocal(const OpInit& init) {
  return Unary(init, at::reciprocal);
}
OpRun PrepareSqrt(const OpInit& init) { return Unary(init, at::sqrt); }
OpRun PrepareExp(const OpInit& init) { return Unary(init, at::exp); }
OpRun PrepareLog(const OpInit& init) { return Unary(init, at::log); }
OpRun PrepareErf(const OpInit& init) { return Unary(init, at::erf); }
OpRun PrepareSin(const OpInit& init) { return Unary(init, at::sin); }
OpRun PrepareCos(const OpInit& init) { return Unary(init, at::cos); }
OpRun PrepareTan(const OpInit& init) { return Unary(init, at::tan); }
OpRun PrepareAsin(const OpInit& init) { return Unary(init, at::asin); }
OpRun PrepareAcos(const OpInit& init) { return Unary(init, at::acos); }
OpRun PrepareAtan(const OpInit& init) { return Unary(init, at::atan); }
OpRun PrepareSinh(const OpInit& init) { return Unary(init, at::sinh); }
OpRun PrepareCosh(const OpInit& init) { return Unary(init, at::cosh); }
OpRun PrepareAsinh(const OpInit& init) { return Unary(init, at::asinh); }
OpRun PrepareAcosh(const OpInit& init) { return Unary(init, at::acosh); }
OpRun PrepareAtanh(const OpInit& init) { return Unary(init, at::atanh); }
OpRun PrepareBitwiseNot(const OpInit& init) {
  return Unary(init, at::bitwise_not);
}
OpRun PrepareNot(const OpInit& init) { return Unary(init, at::logical_not); }
OpRun PrepareIsNaN(const OpInit& init) { return Unary(init, at::isnan); }

OpRun PrepareIsInf(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [negative = init.Flag("detect_negative", true),
          positive = init.Flag("detect_positive", true)](const Tensors& in) {
    at::Tensor found = at::zeros_like(in[0], at::kBool);
    if (negative) found.logical_or_(at::isneginf(in[0]));
    if (positive) found.logical_or_(at::isposinf(in[0]));
    return Tensors{found};
  };
}

}  // namespace phosphene::onnx
