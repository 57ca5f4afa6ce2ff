// The kinds of parameterizations, as builtins.inc lists them.
#include <vector>

#include "server/engine/params/interface.h"

namespace phosphene {

#define PARAM(Name) const ParamKind& Name##Kind();
#include "server/engine/params/builtins.inc"
#undef PARAM

const std::vector<const ParamKind*>& ParamKinds() {
  static const std::vector<const ParamKind*> kinds = {
#define PARAM(Name) &Name##Kind(),
#include "server/engine/params/builtins.inc"
#undef PARAM
  };
  return kinds;
}

const ParamKind* FindParamKind(const v1::Parameterization& spec) {
  const auto* kinds =
      v1::Parameterization::descriptor()->FindOneofByName("kind");
  const auto* arm = spec.GetReflection()->GetOneofFieldDescriptor(spec, kinds);
  if (arm == nullptr) return nullptr;
  for (const ParamKind* kind : ParamKinds()) {
    if (arm->name() == kind->arm) return kind;
  }
  return nullptr;
}

}  // namespace phosphene
