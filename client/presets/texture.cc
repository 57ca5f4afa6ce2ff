// The preset of `texture`.

#include <cmath>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/presets/presets.h"
#include "client/spec/file_refs.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

// Weight of the old Grams in the average over views.
constexpr double kMovingAverage = 0.95;

absl::Status AddStyles(const TextureOptions& options, v1::JobSpec* spec) {
  if (options.style_layers.empty()) {
    return FlagError("--style-layer",
                     "at least one layer is needed with --style");
  }
  v1::GramStyleObjective* style = spec->add_objectives()->mutable_gram_style();
  for (const std::string& layer : options.style_layers)
    style->add_layers()->set_layer(layer);
  for (const std::string& text : options.styles) {
    const auto [path, weight] = ParseWeightedPath(text);
    if (!(weight > 0) || !std::isfinite(weight)) {
      return FlagError(
          "--style", absl::StrCat("weight ", FormatNumber(weight), " of \"",
                                  path, "\" is not allowed; a number > 0 is"));
    }
    auto* image = style->add_styles();
    image->set_image(FileRef(path));
    if (weight != 1) image->set_weight(weight);
  }
  style->set_moving_average(kMovingAverage);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::JobSpec> TextureSpec(const TextureOptions& options,
                                        const SpecOptions& common) {
  const bool stylize = !options.styles.empty();
  if (!stylize && options.target.layer.empty() && common.objective.empty()) {
    return UsageError(
        "say what to paint: --layer L --channel C, --style IMAGE, or "
        "--objective "
        "EXPR");
  }
  RETURN_IF_ERROR(CheckFlag("--atlas", options.atlas,
                            "spec.parameterization.texture.atlas_size"));
  v1::JobSpec spec;
  v1::Parameterization* param = spec.mutable_parameterization();
  param->set_width(512);
  v1::TextureParameterization* texture = param->mutable_texture();
  texture->set_mesh(FileRef(options.mesh));
  texture->set_atlas_size(options.atlas);
  RETURN_IF_ERROR(SetBase(common.param, texture));
  if (!options.texture.empty())
    param->mutable_init()->set_image(FileRef(options.texture));
  if (stylize && common.objective.empty()) {
    RETURN_IF_ERROR(AddStyles(options, &spec));
    // The article's distances for stylizing: closer than for features.
    texture->mutable_camera()->set_min_distance(10);
    texture->mutable_camera()->set_max_distance(12);
  } else {
    RETURN_IF_ERROR(SetObjectives(common.objective,
                                  TargetObjective(options.target), &spec));
  }
  spec.mutable_optimizer()->set_learning_rate(stylize ? 0.05 : 0.03);
  spec.mutable_optimizer()->mutable_adam();
  spec.set_steps(400);
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kMesh, &spec));
  return spec;
}

}  // namespace phosphene::client
