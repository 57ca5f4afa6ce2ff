// The systems about one photo: inversion and caricature.

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/presets/presets.h"
#include "client/spec/file_refs.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

absl::Status CheckPhoto(const std::string& image, const std::string& layer) {
  if (image.empty()) return UsageError("say which photo: --image FILE");
  if (layer.empty()) return UsageError("say which layer: --layer L");
  return absl::OkStatus();
}

// What both share: Fourier, Adam 0.05, 512 steps.
absl::StatusOr<v1::JobSpec> Base(const SpecOptions& common) {
  v1::JobSpec spec;
  spec.mutable_parameterization()->set_width(224);
  RETURN_IF_ERROR(SetParam(common.param, spec.mutable_parameterization()));
  spec.mutable_optimizer()->set_learning_rate(0.05);
  spec.mutable_optimizer()->mutable_adam();
  spec.set_steps(512);
  return spec;
}

}  // namespace

absl::StatusOr<v1::JobSpec> InvertSpec(const InvertOptions& options,
                                       const SpecOptions& common) {
  RETURN_IF_ERROR(CheckPhoto(options.image, options.layer));
  const std::vector<std::string> metrics = {"l2", "l1"};
  if (!options.metric.empty() && options.metric != "l1" &&
      options.metric != "l2") {
    return FlagError("--metric", absl::StrCat("\"", options.metric,
                                              "\" is not allowed; allowed ",
                                              QuotedList(metrics)));
  }
  ASSIGN_OR_RETURN(v1::JobSpec spec, Base(common));
  v1::Objective objective;
  v1::ActivationMatchObjective& match = *objective.mutable_activation_match();
  match.set_layer(options.layer);
  match.set_image(FileRef(options.image));
  if (options.metric == "l1") match.set_metric(v1::METRIC_L1);
  spec.add_transforms()->mutable_pad()->set_pixels(8);
  spec.add_transforms()->mutable_jitter()->set_pixels(8);
  RETURN_IF_ERROR(SetObjectives(common.objective, std::move(objective), &spec));
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kImage, &spec));
  return spec;
}

absl::StatusOr<v1::JobSpec> CaricatureSpec(const CaricatureOptions& options,
                                           const SpecOptions& common) {
  RETURN_IF_ERROR(CheckPhoto(options.image, options.layer));
  RETURN_IF_ERROR(CheckFlag("--cossim", options.cossim_power,
                            "spec.objectives.caricature.cossim_power"));
  ASSIGN_OR_RETURN(v1::JobSpec spec, Base(common));
  v1::Objective objective;
  v1::CaricatureObjective& caricature = *objective.mutable_caricature();
  caricature.set_layer(options.layer);
  caricature.set_image(FileRef(options.image));
  caricature.set_cossim_power(options.cossim_power);
  spec.add_transforms()->mutable_preset()->set_name(
      v1::PresetTransform::STANDARD);
  RETURN_IF_ERROR(SetObjectives(common.objective, std::move(objective), &spec));
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kImage, &spec));
  return spec;
}

}  // namespace phosphene::client
