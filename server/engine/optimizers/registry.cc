// Lists the optimizers.

#include "absl/strings/str_cat.h"
#include "server/engine/optimizers/interface.h"
#include "server/rules/rules.h"

namespace phosphene {

#define OPTIMIZER(name) const OptimizerKind& name##OptimizerKind();
#include "server/engine/optimizers/builtins.inc"
#undef OPTIMIZER

const std::vector<const OptimizerKind*>& OptimizerKinds() {
  static const auto& kinds = *new std::vector<const OptimizerKind*>{
#define OPTIMIZER(name) &name##OptimizerKind(),
#include "server/engine/optimizers/builtins.inc"
#undef OPTIMIZER
  };
  return kinds;
}

const OptimizerKind* FindOptimizerKind(const v1::Optimizer& spec) {
  const auto* oneof = v1::Optimizer::descriptor()->FindOneofByName("kind");
  const auto* field =
      v1::Optimizer::GetReflection()->GetOneofFieldDescriptor(spec, oneof);
  const absl::string_view arm =
      field == nullptr ? "adam" : field->name().c_str();
  for (const OptimizerKind* kind : OptimizerKinds()) {
    if (arm == kind->arm) return kind;
  }
  return nullptr;
}

absl::Status CheckOptimizer(const v1::Optimizer& spec, absl::string_view path) {
  const OptimizerKind* kind = FindOptimizerKind(spec);
  if (kind == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat(path, ": this optimizer is not built in"));
  }
  Faults faults;
  AddRuleFaults(spec, path, faults);
  if (kind->check != nullptr) kind->check(spec, path, faults);
  return faults.ToStatus();
}

}  // namespace phosphene
