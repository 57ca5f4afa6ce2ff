// The preset of `transparent`.

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/units.h"
#include "client/presets/presets.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

// weight * term * (1 - mean alpha), alpha of what the network sees or of the
// whole canvas.
v1::Objective Transparent(const v1::Objective& term, double factor,
                          bool transformed) {
  v1::Objective bare = term;
  bare.clear_weight();
  v1::Objective out;
  const double weight = (term.has_weight() ? term.weight() : 1) * factor;
  if (weight != 1) out.set_weight(weight);
  *out.mutable_product()->add_factors() = std::move(bare);
  v1::AlphaObjective* alpha =
      out.mutable_product()->add_factors()->mutable_alpha();
  alpha->set_statistic(v1::AlphaObjective::TRANSPARENCY);
  alpha->set_transformed(transformed);
  return out;
}

absl::Status AddPenalty(absl::string_view flag, double weight,
                        v1::Objective penalty, v1::JobSpec* spec) {
  if (!(weight >= 0) || !std::isfinite(weight)) {
    return FlagError(flag, absl::StrCat(FormatNumber(weight),
                                        " is not allowed; a number >= 0 is"));
  }
  if (weight == 0) return absl::OkStatus();
  penalty.set_weight(-weight);
  *spec->add_objectives() = std::move(penalty);
  return absl::OkStatus();
}

absl::Status AddPenalties(const TransparentOptions& options,
                          v1::JobSpec* spec) {
  v1::Objective ragged, undecided;
  ragged.mutable_blur()->set_target(v1::BlurObjective::ALPHA);
  undecided.mutable_alpha()->set_statistic(v1::AlphaObjective::INDECISION);
  RETURN_IF_ERROR(AddPenalty("--alpha-blur", options.alpha_blur, ragged, spec));
  return AddPenalty("--undecided", options.undecided, undecided, spec);
}

}  // namespace

absl::StatusOr<v1::JobSpec> TransparentSpec(const TransparentOptions& options,
                                            const SpecOptions& common) {
  const FeatureOptions& target = options.target;
  if (target.layer.empty() && common.objective.empty()) {
    return UsageError(
        "say what to visualize: --layer L --channel C, or --objective EXPR");
  }
  v1::JobSpec spec;
  v1::Parameterization* param = spec.mutable_parameterization();
  param->set_width(320);
  RETURN_IF_ERROR(SetBase(common.param, param->mutable_rgba()));
  spec.add_transforms()->mutable_preset()->set_name(
      v1::PresetTransform::TRANSPARENT);
  RETURN_IF_ERROR(
      SetObjectives(common.objective, TargetObjective(target), &spec));
  const google::protobuf::RepeatedPtrField<v1::Objective> terms =
      spec.objectives();
  spec.clear_objectives();
  for (const v1::Objective& term : terms) {
    *spec.add_objectives() = Transparent(term, 1, /*transformed=*/true);
    *spec.add_objectives() = Transparent(term, 0.5, /*transformed=*/false);
  }
  RETURN_IF_ERROR(AddPenalties(options, &spec));
  spec.mutable_optimizer()->set_learning_rate(0.03);
  spec.mutable_optimizer()->mutable_adam();
  spec.set_steps(1000);
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kImage, &spec));
  if (options.board.empty()) return spec;
  RETURN_IF_ERROR(AddOutputs({options.board}, OutputStyle::kImage, &spec));
  spec.mutable_outputs(spec.outputs_size() - 1)
      ->set_backdrop(v1::Output::BACKDROP_BOARD);
  return spec;
}

}  // namespace phosphene::client
