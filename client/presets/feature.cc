// The preset of `feature`.

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/presets/presets.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

// lucid's transforms. A channel's picture that starts from noise is rolled
// first: Fourier images wrap, and a network that never knows where the edge is
// leaves no rim along it. A neuron, an expression, a photo or a mask may depend
// on places, which then stay.
void AddStandard(bool of_channels, const SpecOptions& common,
                 v1::JobSpec* spec) {
  const bool wraps = common.param.empty() || common.param == "fourier";
  if (of_channels && wraps && common.objective.empty() &&
      common.start_from.empty() && common.mask.empty()) {
    spec->add_transforms()->mutable_roll();
  }
  spec->add_transforms()->mutable_preset()->set_name(
      v1::PresetTransform::STANDARD);
}

}  // namespace

v1::Objective TargetObjective(const FeatureOptions& target) {
  v1::Objective out;
  if (target.neuron) {
    out.mutable_neuron()->set_layer(target.layer);
    out.mutable_neuron()->set_channel(target.channel);
  } else {
    out.mutable_channel()->set_layer(target.layer);
    out.mutable_channel()->set_channel(target.channel);
  }
  if (target.negative) out.set_weight(-1);
  return out;
}

absl::StatusOr<v1::JobSpec> FeatureSpec(const FeatureOptions& options,
                                        const SpecOptions& common) {
  if (options.layer.empty() && common.objective.empty()) {
    return UsageError(
        "say what to visualize: --layer L --channel C, or --objective EXPR");
  }
  v1::JobSpec spec;
  spec.mutable_parameterization()->set_width(224);
  RETURN_IF_ERROR(SetParam(common.param, spec.mutable_parameterization()));
  AddStandard(!options.neuron, common, &spec);
  RETURN_IF_ERROR(
      SetObjectives(common.objective, TargetObjective(options), &spec));
  spec.mutable_optimizer()->set_learning_rate(0.05);
  spec.mutable_optimizer()->mutable_adam();
  spec.set_steps(512);
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kImage, &spec));
  return spec;
}

absl::StatusOr<v1::JobSpec> SheetSpec(const SheetOptions& options,
                                      const SpecOptions& common) {
  const int most = MostEntriesOf("spec.objectives");
  if (options.channels.empty() ||
      options.channels.size() > static_cast<size_t>(most)) {
    return FlagError("--channels", absl::StrCat(options.channels.size(),
                                                " channels in one job; "
                                                "allowed 1..",
                                                most));
  }
  v1::JobSpec spec;
  v1::Parameterization* param = spec.mutable_parameterization();
  param->set_width(128);
  param->set_rows(static_cast<int>(options.channels.size()));
  RETURN_IF_ERROR(SetParam(common.param, param));
  AddStandard(/*of_channels=*/true, common, &spec);
  for (size_t i = 0; i < options.channels.size(); ++i) {
    v1::Objective* objective = spec.add_objectives();
    objective->set_row(static_cast<int>(i));
    objective->mutable_channel()->set_layer(options.layer);
    objective->mutable_channel()->set_channel(options.channels[i]);
  }
  spec.mutable_optimizer()->set_learning_rate(0.05);
  spec.mutable_optimizer()->mutable_adam();
  spec.set_steps(256);
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kSheet, &spec));
  for (v1::Output& output : *spec.mutable_outputs()) {
    output.mutable_contact_sheet()->set_columns(options.columns);
  }
  return spec;
}

}  // namespace phosphene::client
