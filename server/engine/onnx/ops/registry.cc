#include <algorithm>
#include <string>
#include <unordered_map>

#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {

#define ONNX_OP(Name, opset) OpRun Prepare##Name(const OpInit& init);
#include "server/engine/onnx/ops/builtins.inc"
#undef ONNX_OP

const std::vector<OpKind>& AllOps() {
  static const auto* const kOps = new std::vector<OpKind>{
#define ONNX_OP(Name, opset) {#Name, opset, &Prepare##Name},
#include "server/engine/onnx/ops/builtins.inc"
#undef ONNX_OP
  };
  return *kOps;
}

const OpKind* FindOp(absl::string_view name) {
  static const auto* const kByName = [] {
    auto* map = new std::unordered_map<std::string, const OpKind*>();
    for (const OpKind& op : AllOps()) map->emplace(op.name, &op);
    return map;
  }();
  const auto it = kByName->find(std::string(name));
  return it == kByName->end() ? nullptr : it->second;
}

}  // namespace phosphene::onnx
