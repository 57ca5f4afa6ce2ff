// Lists the operators of builtins.inc and finds them by name.

#include <string>
#include <unordered_map>

#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {

#define ONNX_OP(Name, opset, ...) OpRun Prepare##Name(const OpInit& init);
#define MS_OP(Name, Function, ...) OpRun Prepare##Function(const OpInit& init);
#define OWN_OP(Name, ...) OpRun Prepare##Name(const OpInit& init);
#include "server/engine/onnx/ops/builtins.inc"
#undef ONNX_OP
#undef MS_OP
#undef OWN_OP

namespace {

// The lines of builtins.inc, written as members of the struct they fill.
struct Table : OpTraits {
  static std::vector<OpKind> Onnx() {
    return {
#define ONNX_OP(Name, opset, ...) \
  {#Name, opset, &Prepare##Name, OpTraits{__VA_ARGS__}},
#define MS_OP(Name, Function, ...) \
  {"com.microsoft::" #Name, 1, &Prepare##Function, OpTraits{__VA_ARGS__}},
#define OWN_OP(Name, ...)
#include "server/engine/onnx/ops/builtins.inc"
#undef ONNX_OP
#undef MS_OP
#undef OWN_OP
    };
  }
  static std::vector<OpKind> Own() {
    return {
#define ONNX_OP(Name, opset, ...)
#define MS_OP(Name, Function, ...)
#define OWN_OP(Name, ...) \
  {"Phosphene." #Name, 0, &Prepare##Name, OpTraits{__VA_ARGS__}},
#include "server/engine/onnx/ops/builtins.inc"
#undef ONNX_OP
#undef MS_OP
#undef OWN_OP
    };
  }
};

using ByName = std::unordered_map<std::string, const OpKind*>;

const OpKind* FindIn(const ByName& ops, absl::string_view name) {
  const auto it = ops.find(std::string(name));
  return it == ops.end() ? nullptr : it->second;
}

const ByName& Index(const std::vector<OpKind>& ops) {
  auto* const index = new ByName();
  for (const OpKind& op : ops) index->emplace(op.name, &op);
  return *index;
}

}  // namespace

const std::vector<OpKind>& AllOps() {
  static const auto* const kOps = new std::vector<OpKind>(Table::Onnx());
  return *kOps;
}

const OpKind* FindOp(absl::string_view name) {
  static const ByName& kByName = Index(AllOps());
  return FindIn(kByName, name);
}

const OpKind* FindOpOrOwn(absl::string_view name) {
  static const auto* const kOwn = new std::vector<OpKind>(Table::Own());
  static const ByName& kByName = Index(*kOwn);
  const OpKind* found = FindOp(name);
  return found != nullptr ? found : FindIn(kByName, name);
}

const OpTraits& TraitsOf(absl::string_view op) {
  static const OpTraits kNone;
  const OpKind* found = FindOpOrOwn(op);
  return found == nullptr ? kNone : found->traits;
}

}  // namespace phosphene::onnx
