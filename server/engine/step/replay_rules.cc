// Asks every part of a spec whether its steps are the same device work.

#include "server/engine/step/replay_rules.h"

#include "absl/strings/str_cat.h"
#include "server/engine/engine.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/terms.h"
#include "server/engine/optimizers/interface.h"
#include "server/engine/params/interface.h"
#include "server/engine/step/lanes.h"
#include "server/engine/transforms/interface.h"

namespace phosphene {
namespace {

// "path.arm: why" of a part's kind; "" when its steps can be replayed, or when
// it has no kind, which is a fault of the spec.
template <typename Kind, typename Spec>
std::string WhyNotPart(const Kind* kind, const Spec& spec,
                       absl::string_view path) {
  const std::string why = kind == nullptr ? "" : kind->why_not_replayed(spec);
  return why.empty() ? "" : absl::StrCat(path, ".", kind->arm, ": ", why);
}

std::string WhyNotTransforms(const v1::JobSpec& spec) {
  for (int i = 0; i < spec.transforms_size(); ++i) {
    const v1::Transform& transform = spec.transforms(i);
    std::string why = WhyNotPart(FindTransformKind(transform), transform,
                                 absl::StrCat("transforms[", i, "]"));
    if (!why.empty()) return why;
  }
  return "";
}

std::string WhyNotObjective(const v1::Objective& spec,
                            const std::string& path) {
  std::string why = WhyNotPart(FindObjectiveKind(spec), spec, path);
  if (!why.empty()) return why;
  for (const Term& term : TermsOf(spec, path)) {
    why = WhyNotObjective(*term.spec, term.path);
    if (!why.empty()) return why;
  }
  return "";
}

std::string WhyNotOptimizer(const v1::Optimizer& spec) {
  std::string why = WhyNotPart(FindOptimizerKind(spec), spec, "optimizer");
  if (!why.empty()) return why;
  if (spec.normalize_gradient() > v1::Optimizer::NONE) {
    return "optimizer.normalize_gradient measures gradients on the host";
  }
  if (spec.correlate_gradient()) {
    return "optimizer.correlate_gradient measures gradients on the host";
  }
  return "";
}

}  // namespace

std::string WhyNotReplayed(const v1::JobSpec& spec) {
  if (Redirects(spec.gradient_overrides(), Engine::TotalSteps(spec) - 1)) {
    return "gradient_overrides.redirect_relu lasts to the end";
  }
  const v1::Parameterization& param = spec.parameterization();
  std::string why = WhyNotPart(FindParamKind(param), param, "parameterization");
  if (why.empty()) why = WhyNotTransforms(spec);
  for (int i = 0; why.empty() && i < spec.objectives_size(); ++i) {
    why = WhyNotObjective(spec.objectives(i),
                          absl::StrCat("objectives[", i, "]"));
  }
  return why.empty() ? WhyNotOptimizer(spec.optimizer()) : why;
}

}  // namespace phosphene
