// The kinds of outputs, as builtins.inc lists them.
#include <algorithm>

#include "server/engine/outputs/interface.h"

namespace phosphene {

#define OUTPUT(Name) const OutputKind& Name##OutputKind();
#include "server/engine/outputs/builtins.inc"
#undef OUTPUT

const std::vector<const OutputKind*>& OutputKinds() {
  static const std::vector<const OutputKind*> kinds = {
#define OUTPUT(Name) &Name##OutputKind(),
#include "server/engine/outputs/builtins.inc"
#undef OUTPUT
  };
  return kinds;
}

const OutputKind* FindOutputKind(const v1::Output& output) {
  const auto* arm = output.GetReflection()->GetOneofFieldDescriptor(
      output, v1::Output::descriptor()->FindOneofByName("kind"));
  if (arm == nullptr) return nullptr;
  for (const OutputKind* kind : OutputKinds()) {
    if (arm->name() == kind->arm) return kind;
  }
  return nullptr;
}

bool KeepsState(const v1::JobSpec& spec) {
  return std::any_of(spec.outputs().begin(), spec.outputs().end(),
                     [](const v1::Output& output) {
                       const OutputKind* kind = FindOutputKind(output);
                       return kind != nullptr && kind->is_state;
                     });
}

}  // namespace phosphene
