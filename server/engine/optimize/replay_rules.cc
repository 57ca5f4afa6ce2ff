#include "server/engine/optimize/replay_rules.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "server/engine/objectives/shared/terms.h"
#include "server/engine/optimize/loop.h"

namespace phosphene {
namespace {

// Name of the set arm of oneof `kind` (or `base`); "" for none.
std::string ArmOf(const google::protobuf::Message& message, const char* oneof) {
  const auto* kind = message.GetDescriptor()->FindOneofByName(oneof);
  const auto* arm =
      message.GetReflection()->GetOneofFieldDescriptor(message, kind);
  return arm == nullptr ? "" : arm->name();
}

// The image must come from its tensors by device work that is the same at each
// step.
std::string WhyNotParam(const v1::Parameterization& spec) {
  const std::string arm = ArmOf(spec, "kind");
  const std::string base = arm == "rgba" ? ArmOf(spec.rgba(), "base") : arm;
  if (base == "pixel" || base == "fourier") return "";
  if (base == "laplacian" || base == "stack") {
    return absl::StrCat("parameterization.", base,
                        " brings its weights over at each step");
  }
  return absl::StrCat("parameterization.", base,
                      " works in parts that the host chooses");
}

std::string WhyNotTransforms(const v1::JobSpec& spec) {
  for (int i = 0; i < spec.transforms_size(); ++i) {
    if (spec.transforms(i).has_blur()) {
      return absl::StrCat("transforms[", i,
                          "].blur draws the size of its kernel");
    }
  }
  return "";
}

std::string WhyNotGramStyle(const v1::GramStyleObjective& spec) {
  if (spec.moving_average() > 0) return "moving_average is kept by the host";
  if (spec.crop_each_step()) return "crop_each_step crops on the host";
  if (spec.distance() == v1::GramStyleObjective::WASSERSTEIN2) {
    return "distance WASSERSTEIN2 waits for eigenvalues";
  }
  return "";
}

// Objectives that are the same device work at each step, expressions included:
// their terms are looked at one by one.
bool IsSameEachStep(const std::string& arm) {
  static const auto* const kArms =
      new std::set<std::string>{"channel",
                                "neuron",
                                "direction",
                                "spatial_direction",
                                "deepdream",
                                "class_logit",
                                "activation_match",
                                "caricature",
                                "channel_interpolate",
                                "alignment",
                                "diversity",
                                "content",
                                "l1",
                                "total_variation",
                                "l2",
                                "blur",
                                "boundary",
                                "alpha",
                                "pattern",
                                "sum",
                                "scale",
                                "product",
                                "power",
                                "negate"};
  return kArms->count(arm) > 0;
}

std::string WhyNotObjective(const v1::Objective& spec,
                            const std::string& path) {
  const std::string arm = ArmOf(spec, "kind"),
                    here = absl::StrCat(path, ".", arm);
  if (arm == "gram_style") {
    const std::string why = WhyNotGramStyle(spec.gram_style());
    return why.empty() ? "" : absl::StrCat(here, ": ", why);
  }
  if (!IsSameEachStep(arm))
    return absl::StrCat(here, " may be other work at each step");
  for (const Term& term : TermsOf(spec, path)) {
    std::string why = WhyNotObjective(*term.spec, term.path);
    if (!why.empty()) return why;
  }
  return "";
}

std::string WhyNotOptimizer(const v1::Optimizer& spec) {
  const std::string arm = ArmOf(spec, "kind");
  if (arm == "lbfgs")
    return "optimizer.lbfgs searches along a line that the host chooses";
  if (arm != "" && arm != "adam" && arm != "adamw") {
    return absl::StrCat("optimizer.", arm,
                        " takes its learning rate from the host");
  }
  if (spec.normalize_gradient() > v1::Optimizer::NONE) {
    return "optimizer.normalize_gradient measures gradients on the host";
  }
  return "";
}

}  // namespace

std::string WhyNotReplayed(const v1::JobSpec& spec) {
  if (Redirects(spec.gradient_overrides(), Engine::TotalSteps(spec) - 1)) {
    return "gradient_overrides.redirect_relu lasts to the end";
  }
  std::string why = WhyNotParam(spec.parameterization());
  if (why.empty()) why = WhyNotTransforms(spec);
  for (int i = 0; why.empty() && i < spec.objectives_size(); ++i) {
    why = WhyNotObjective(spec.objectives(i),
                          absl::StrCat("objectives[", i, "]"));
  }
  return why.empty() ? WhyNotOptimizer(spec.optimizer()) : why;
}

}  // namespace phosphene
