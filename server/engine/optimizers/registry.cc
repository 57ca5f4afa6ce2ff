// Lists the optimizers, and checks what all of them have.

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "server/engine/optimizers/interface.h"
#include "server/engine/optimizers/schedule.h"

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
  const double rate = spec.learning_rate();
  if (spec.has_learning_rate() && !(rate > 0 && std::isfinite(rate))) {
    faults.Add(absl::StrCat(path, ".learning_rate"),
               absl::StrCat(rate, " is out of range; finite and > 0"));
  }
  CheckSchedule(spec.schedule(), absl::StrCat(path, ".schedule"), faults);
  if (!v1::Optimizer::GradientNormalization_IsValid(
          spec.normalize_gradient())) {
    faults.Add(absl::StrCat(path, ".normalize_gradient"),
               absl::StrCat(spec.normalize_gradient(),
                            " is not a gradient normalization"));
  }
  if (spec.has_octaves()) {
    const int count = spec.octaves().count();
    if (count < 1 || count > 16) {
      faults.Add(absl::StrCat(path, ".octaves.count"),
                 absl::StrCat(count, " is out of range 1..16"));
    }
    const double scale = spec.octaves().scale();
    if (scale != 0 && !(scale > 1 && scale <= 4)) {
      faults.Add(
          absl::StrCat(path, ".octaves.scale"),
          absl::StrCat(scale, " is out of range; more than 1 and at most 4"));
    }
  }
  kind->check(spec, path, faults);
  return faults.ToStatus();
}

}  // namespace phosphene
