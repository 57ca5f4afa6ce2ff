// The preset of `texture`.

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/presets/presets.h"
#include "client/spec/file_refs.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

using Texture = v1::TextureParameterization;

// Pixels of a view. An atlas has about twice the texels that a view shows of
// it, so that textures are neither blurred nor grainy.
constexpr int kViewSide = 224;
// Pixels of pictures of the finished object, and of its turn.
constexpr int kPictureSide = 768;
constexpr int kTurnSide = 384;
// Weight of the old Grams in the average over views (lucid's notebook).
constexpr double kMovingAverage = 0.95;
constexpr char kTexturePath[] = "spec.parameterization.texture";

std::string Path(absl::string_view field) {
  return absl::StrCat(kTexturePath, ".", field);
}

// The scale at which a style's shorter side is as large as a view.
absl::StatusOr<double> StyleScale(const TextureOptions& options, size_t style) {
  constexpr char kScale[] = "spec.objectives.gram_style.styles.scale";
  if (options.style_scale.has_value()) {
    RETURN_IF_ERROR(CheckFlag("--style-scale", *options.style_scale, kScale));
    return *options.style_scale;
  }
  const int side =
      style < options.style_sides.size() ? options.style_sides[style] : 0;
  if (side <= kViewSide) return 1;
  return std::max(0.05, static_cast<double>(kViewSide) / side);
}

absl::Status AddStyles(const TextureOptions& options, v1::JobSpec* spec) {
  if (options.layers.style.empty()) {
    return FlagError("--style-layer",
                     "at least one layer is needed with --style");
  }
  v1::GramStyleObjective* style = spec->add_objectives()->mutable_gram_style();
  for (const std::string& layer : options.layers.style)
    style->add_layers()->set_layer(layer);
  for (size_t i = 0; i < options.styles.size(); ++i) {
    const auto [path, weight] = ParseWeightedPath(options.styles[i]);
    if (!(weight > 0) || !std::isfinite(weight)) {
      return FlagError(
          "--style", absl::StrCat("weight ", FormatNumber(weight), " of \"",
                                  path, "\" is not allowed; a number > 0 is"));
    }
    auto* image = style->add_styles();
    image->set_image(FileRef(path));
    if (weight != 1) image->set_weight(weight);
    ASSIGN_OR_RETURN(const double scale, StyleScale(options, i));
    if (scale != 1) image->set_scale(scale);
  }
  style->set_moving_average(kMovingAverage);
  style->set_mask_by_coverage(true);
  if (options.content_weight == 0) return absl::OkStatus();
  v1::Objective* objective = spec->add_objectives();
  objective->set_weight(options.content_weight);
  v1::ContentObjective* content = objective->mutable_content();
  content->set_original(true);
  for (const std::string& layer : options.layers.content)
    content->add_layers()->set_layer(layer);
  return absl::OkStatus();
}

void SetBackground(const std::string& text, Texture* texture) {
  const std::pair<const char*, Texture::Background> names[] = {
      {"black", Texture::BLACK},         {"white", Texture::WHITE},
      {"grey", Texture::GREY},           {"gray", Texture::GREY},
      {"color", Texture::RANDOM_COLOR},  {"colour", Texture::RANDOM_COLOR},
      {"noise", Texture::RANDOM_FOURIER}};
  if (text.empty()) return;
  for (const auto& [name, background] : names) {
    if (text == name) return texture->set_background(background);
  }
  texture->set_background(Texture::IMAGE);
  texture->set_background_image(FileRef(text));
}

absl::Status SetCamera(const TextureOptions& options, bool stylize,
                       Texture* texture) {
  Texture::Camera* camera = texture->mutable_camera();
  if (!options.distance.empty()) {
    for (const double distance : options.distance) {
      RETURN_IF_ERROR(
          CheckFlag("--distance", distance, Path("camera.min_distance")));
    }
    camera->set_min_distance(options.distance.front());
    camera->set_max_distance(options.distance.back());
  } else {
    // lucid's 11 to 13 for features and 10 to 12 for styles, in its unit of the
    // largest coordinate: spot's radius is 1.26 of them. So near that a view
    // may cut off a leg, which the next one shows.
    camera->set_min_distance(stylize ? 8 : 9);
    camera->set_max_distance(stylize ? 10 : 11);
  }
  for (const double elevation : options.elevation) {
    RETURN_IF_ERROR(
        CheckFlag("--elevation", elevation, Path("camera.min_elevation")));
  }
  if (!options.elevation.empty()) {
    camera->set_min_elevation(options.elevation.front());
    camera->set_max_elevation(options.elevation.back());
  }
  if (options.field_of_view.has_value()) {
    RETURN_IF_ERROR(CheckFlag("--fov", *options.field_of_view,
                              Path("camera.field_of_view")));
    camera->set_field_of_view(*options.field_of_view);
  }
  return absl::OkStatus();
}

absl::Status SetStart(const std::string& start, v1::Parameterization* param) {
  if (start.empty() || start == "noise") return absl::OkStatus();
  if (start == "original") {
    param->mutable_init()->mutable_original();
  } else {
    param->mutable_init()->set_image(FileRef(start));
  }
  return absl::OkStatus();
}

absl::Status SetTexture(const TextureOptions& options,
                        const SpecOptions& common, bool stylize,
                        v1::Parameterization* param) {
  Texture* texture = param->mutable_texture();
  RETURN_IF_ERROR(CheckFlag("--atlas", options.atlas, Path("atlas_size")));
  RETURN_IF_ERROR(
      CheckFlag("--views", options.views, "spec.parameterization.rows"));
  texture->set_mesh(FileRef(options.mesh));
  texture->set_atlas_size(options.atlas);
  if (options.views != 1) param->set_rows(options.views);
  if (common.param == "cppn") {
    texture->mutable_cppn();
  } else {
    RETURN_IF_ERROR(SetBase(common.param, texture));
  }
  if (!options.texture.empty()) texture->set_texture(FileRef(options.texture));
  texture->set_unwrap(options.unwrap);
  SetBackground(options.background, texture);
  if (options.ambient.has_value()) {
    RETURN_IF_ERROR(CheckFlag("--ambient", *options.ambient, Path("ambient")));
    texture->set_ambient(*options.ambient);
  }
  if (options.supersampling.has_value()) {
    RETURN_IF_ERROR(CheckFlag("--supersampling", *options.supersampling,
                              Path("supersampling")));
    texture->set_supersampling(*options.supersampling);
  }
  RETURN_IF_ERROR(SetCamera(options, stylize, texture));
  return SetStart(options.start, param);
}

}  // namespace

absl::StatusOr<v1::JobSpec> TextureSpec(const TextureOptions& options,
                                        const SpecOptions& common) {
  const bool stylize = !options.styles.empty() && common.objective.empty();
  if (!stylize && options.target.layer.empty() && common.objective.empty()) {
    return UsageError(
        "say what to paint: --layer L --channel C, --style IMAGE, or "
        "--objective EXPR");
  }
  v1::JobSpec spec;
  v1::Parameterization* param = spec.mutable_parameterization();
  param->set_width(kViewSide);
  RETURN_IF_ERROR(SetTexture(options, common, stylize, param));
  if (stylize) {
    RETURN_IF_ERROR(AddStyles(options, &spec));
  } else {
    RETURN_IF_ERROR(SetObjectives(common.objective,
                                  TargetObjective(options.target), &spec));
  }
  // It is weighed against what stands before it. A colour of space has none.
  if (options.seam != 0 && !param->texture().has_cppn()) {
    v1::Objective* seam = spec.add_objectives();
    seam->mutable_seam();
    seam->set_weight(-options.seam);
  }
  spec.mutable_optimizer()->set_learning_rate(stylize ? 0.05
                                              : param->texture().has_cppn()
                                                  ? 0.005
                                                  : 0.03);
  spec.mutable_optimizer()->mutable_adam();
  spec.set_steps(400);
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kMesh, &spec));
  // A view of the network's size is small to look at.
  for (v1::Output& output : *spec.mutable_outputs()) {
    if (output.has_png() || output.has_jpeg()) output.set_width(kPictureSide);
    if (IsAnimation(output)) output.set_width(kTurnSide);
  }
  return spec;
}

}  // namespace phosphene::client
