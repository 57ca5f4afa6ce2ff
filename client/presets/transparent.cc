// The preset of `transparent`.

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/units.h"
#include "client/presets/canvas_size.h"
#include "client/presets/presets.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr int kCanvas = 320;
// Of the canvas, what the network sees of it in a step.
constexpr double kSeen = 0.6;

// The TRANSPARENT preset with a larger crop: a random background, scaled by 0.6
// to 1.1, of which kSeen is shown.
void AddTransforms(const Size& canvas, v1::JobSpec* spec) {
  spec->add_transforms()->mutable_random_background();
  v1::ScaleTransform* scale = spec->add_transforms()->mutable_scale();
  for (int i = 6; i <= 11; ++i) scale->add_factors(i / 10.0);
  v1::CropTransform* crop = spec->add_transforms()->mutable_crop();
  const auto seen = [](int side) {
    return std::max(1, static_cast<int>(std::lround(side * kSeen)));
  };
  crop->set_width(seen(canvas.width));
  crop->set_height(seen(canvas.height));
}

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
  param->set_width(kCanvas);
  RETURN_IF_ERROR(SetBase(common.param, param->mutable_rgba()));
  AddTransforms(CanvasSize(common, kCanvas), &spec);
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
  spec.mutable_optimizer()->set_learning_rate(0.08);
  spec.mutable_optimizer()->mutable_adam();
  spec.set_steps(300);
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kImage, &spec));
  if (options.board.empty()) return spec;
  RETURN_IF_ERROR(AddOutputs({options.board}, OutputStyle::kImage, &spec));
  spec.mutable_outputs(spec.outputs_size() - 1)
      ->set_backdrop(v1::Output::BACKDROP_BOARD);
  return spec;
}

}  // namespace phosphene::client
