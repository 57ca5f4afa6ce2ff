// Comparisons, choices and bits of two tensors.

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/uploads.h"

namespace phosphene::onnx {

using T = at::Tensor;

OpRun PrepareEqual(const OpInit& init) {
  return Binary(init, [](const T& a, const T& b) { return at::eq(a, b); });
}
OpRun PrepareLess(const OpInit& init) {
  return Binary(init, [](const T& a, const T& b) { return at::lt(a, b); });
}
OpRun PrepareLessOrEqual(const OpInit& init) {
  return Binary(init, [](const T& a, const T& b) { return at::le(a, b); });
}
OpRun PrepareGreater(const OpInit& init) {
  return Binary(init, [](const T& a, const T& b) { return at::gt(a, b); });
}
OpRun PrepareGreaterOrEqual(const OpInit& init) {
  return Binary(init, [](const T& a, const T& b) { return at::ge(a, b); });
}
OpRun PrepareAnd(const OpInit& init) { return Binary(init, at::logical_and); }
OpRun PrepareOr(const OpInit& init) { return Binary(init, at::logical_or); }
OpRun PrepareXor(const OpInit& init) { return Binary(init, at::logical_xor); }
OpRun PrepareBitwiseAnd(const OpInit& init) {
  return Binary(init,
                [](const T& a, const T& b) { return at::bitwise_and(a, b); });
}
OpRun PrepareBitwiseOr(const OpInit& init) {
  return Binary(init,
                [](const T& a, const T& b) { return at::bitwise_or(a, b); });
}
OpRun PrepareBitwiseXor(const OpInit& init) {
  return Binary(init,
                [](const T& a, const T& b) { return at::bitwise_xor(a, b); });
}

OpRun PrepareBitShift(const OpInit& init) {
  const std::string direction = init.String("direction", "");
  if (direction == "LEFT") {
    return Binary(init, [](const T& a, const T& b) {
      return at::bitwise_left_shift(a, b);
    });
  }
  if (direction != "RIGHT")
    init.Fail("has a direction other than LEFT and RIGHT");
  return Binary(init, [](const T& a, const T& b) {
    return at::bitwise_right_shift(a, b);
  });
}

OpRun PrepareWhere(const OpInit& init) {
  init.NeedInputs(3, 3);
  // Conditions of shape arithmetic live on the CPU, values on the device.
  return OnOneDevice([](const Tensors& in) {
    return Tensors{at::where(in[0].to(at::kBool), in[1], in[2])};
  });
}

}  // namespace phosphene::onnx
