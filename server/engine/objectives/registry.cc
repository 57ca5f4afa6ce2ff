// The kinds of objectives, as builtins.inc lists them.
#include "server/engine/objectives/interface.h"

namespace phosphene {

#define OBJECTIVE(name) const ObjectiveKind& name##ObjectiveKind();
#include "server/engine/objectives/builtins.inc"
#undef OBJECTIVE

const std::vector<const ObjectiveKind*>& ObjectiveKinds() {
  static const auto* kinds = new std::vector<const ObjectiveKind*>{
#define OBJECTIVE(name) &name##ObjectiveKind(),
#include "server/engine/objectives/builtins.inc"
#undef OBJECTIVE
  };
  return *kinds;
}

const ObjectiveKind* FindObjectiveKind(const v1::Objective& spec) {
  const auto* arm = spec.GetReflection()->GetOneofFieldDescriptor(
      spec, v1::Objective::descriptor()->FindOneofByName("kind"));
  if (arm == nullptr) return nullptr;
  for (const ObjectiveKind* kind : ObjectiveKinds()) {
    if (arm->name() == kind->arm) return kind;
  }
  return nullptr;
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> MakeObjective(
    const v1::Objective& spec, ObjectiveContext& context) {
  const ObjectiveKind* kind = FindObjectiveKind(spec);
  if (kind == nullptr)
    return absl::UnimplementedError("an objective is not built in");
  return kind->make(spec, context);
}

}  // namespace phosphene
