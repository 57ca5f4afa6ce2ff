#include "server/engine/onnx/op.h"
#include "server/engine/onnx/relu.h"

namespace phosphene::onnx {

OpRun PrepareAdd(const OpInit& init) {
  init.NeedInputs(2, 2);
  return [](const Tensors& in) { return Tensors{at::add(in[0], in[1])}; };
}

}  // namespace phosphene::onnx
