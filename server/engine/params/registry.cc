// The kinds of parameterizations, as builtins.inc lists them.
#include <vector>

#include "absl/strings/str_join.h"
#include "server/engine/params/interface.h"
#include "server/engine/params/latent.h"

namespace phosphene {

#define PARAM(Name) const ParamKind& Name##Kind();
#include "server/engine/params/builtins.inc"
#undef PARAM

namespace {

// The kind of the name that the set arm of a oneof has.
const ParamKind* KindOf(const google::protobuf::Message& spec,
                        const char* oneof) {
  const auto* arm = spec.GetReflection()->GetOneofFieldDescriptor(
      spec, spec.GetDescriptor()->FindOneofByName(oneof));
  if (arm == nullptr) return nullptr;
  for (const ParamKind* kind : ParamKinds()) {
    if (arm->name() == kind->arm) return kind;
  }
  return nullptr;
}

}  // namespace

const std::vector<const ParamKind*>& ParamKinds() {
  static const std::vector<const ParamKind*> kinds = {
#define PARAM(Name) &Name##Kind(),
#include "server/engine/params/builtins.inc"
#undef PARAM
  };
  return kinds;
}

std::string ParamKindsThat(bool (*is)(const ParamKind& kind)) {
  std::vector<std::string> arms;
  for (const ParamKind* kind : ParamKinds()) {
    if (is(*kind)) arms.push_back(kind->arm);
  }
  return absl::StrJoin(arms, ", ");
}

const ParamKind* FindParamKind(const v1::Parameterization& spec) {
  return KindOf(spec, "kind");
}

const ParamKind* BaseKind(const google::protobuf::Message& spec) {
  return KindOf(spec, "base");
}

}  // namespace phosphene
