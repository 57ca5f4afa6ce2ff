// The preset of `style`.

#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/presets/presets.h"
#include "client/presets/style_size.h"
#include "client/spec/file_refs.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr char kScale[] = "spec.objectives.gram_style.styles.scale";
// Of a canvas or style, pixels.
constexpr int kMaxSide = 32768;

absl::Status SetDistance(const std::string& name,
                         v1::GramStyleObjective* style) {
  if (name.empty()) return absl::OkStatus();
  const std::vector<std::string> names = {"l1", "l2", "squared", "w2"};
  for (size_t i = 0; i < names.size(); ++i) {
    if (name != names[i]) continue;
    style->set_distance(static_cast<v1::GramStyleObjective::Distance>(
        v1::GramStyleObjective::MEAN_L1 + static_cast<int>(i)));
    return absl::OkStatus();
  }
  return FlagError(
      "--distance",
      absl::StrCat("\"", name, "\" is not allowed; allowed ", QuotedList(names),
                   NearestHint(name, names, 1)));
}

int64_t PixelsOf(const StyleOptions& options) {
  return int64_t{options.size.width} * options.size.height;
}

bool IsLarge(const StyleOptions& options) {
  return PixelsOf(options) > StyleOptions::kLargePixels;
}

// Coarse to fine, each at twice the side of the one before.
int OctavesOf(const StyleOptions& options) {
  const int64_t coarsest = IsLarge(options) ? StyleOptions::kLargeOctavePixels
                                            : StyleOptions::kOctavePixels;
  int count = 1;
  for (int64_t pixels = PixelsOf(options); pixels > coarsest; pixels /= 4)
    ++count;
  return count;
}

// Three times fewer steps each is Style Projection's schedule (600 / 3^k).
void SetOctaves(const StyleOptions& options, v1::JobSpec* spec) {
  const int count = OctavesOf(options);
  if (count == 1) return;
  v1::Octaves* octaves = spec->mutable_optimizer()->mutable_octaves();
  octaves->set_count(count);
  octaves->set_scale(2);
  octaves->set_steps_factor(1.0 / 3);
}

// Pixels of a style's longest side; 0: not known.
int LongestSide(const StyleOptions& options, size_t style) {
  if (style >= options.style_sizes.size()) return 0;
  const Size size = options.style_sizes[style];
  return size.width > 0 && size.height > 0 ? std::max(size.width, size.height)
                                           : 0;
}

absl::Status SetTiling(const StyleOptions& options, v1::JobSpec* spec) {
  if (options.delayed) spec->mutable_tiling()->set_delayed(true);
  if (options.tile.empty() || options.tile == "auto") return absl::OkStatus();
  if (options.tile == "off") {
    spec->mutable_tiling()->set_mode(v1::Tiling::OFF);
    return absl::OkStatus();
  }
  int side = 0;
  if (!absl::SimpleAtoi(options.tile, &side)) {
    return FlagError("--tile",
                     absl::StrCat("\"", options.tile,
                                  "\" is not allowed; allowed auto, off, or "
                                  "pixels a side"));
  }
  RETURN_IF_ERROR(CheckFlag("--tile", side, "spec.tiling.size"));
  spec->mutable_tiling()->set_mode(v1::Tiling::ON);
  spec->mutable_tiling()->set_size(side);
  return absl::OkStatus();
}

absl::Status SetInit(const StyleOptions& options, v1::Parameterization* param) {
  const bool unsaid = options.init.empty();
  if (options.init == "noise" || (unsaid && !IsLarge(options)))
    return absl::OkStatus();
  if (options.init == "content" || unsaid) {
    param->mutable_init()->set_image(FileRef(options.content));
    return absl::OkStatus();
  }
  return FlagError(
      "--init", absl::StrCat("\"", options.init,
                             "\" is not allowed; allowed "
                             "\"noise\", \"content\", or --start-from FILE"));
}

// Squared distances grow with the layers' activations, and so with depth: a
// quarter of the weight a layer deeper evens that out (256:64:16:4:1 of
// style-transfer-pytorch, scaled to a mean of 1).
void AddStyleLayers(const std::vector<std::string>& layers,
                    v1::GramStyleObjective* style) {
  const bool w2 = style->distance() == v1::GramStyleObjective::WASSERSTEIN2;
  double sum = 0;
  for (size_t i = 0; i < layers.size(); ++i) sum += std::pow(0.25, i);
  for (size_t i = 0; i < layers.size(); ++i) {
    v1::WeightedLayer* layer = style->add_layers();
    layer->set_layer(layers[i]);
    if (!w2) continue;
    layer->set_weight(std::pow(0.25, i) / sum *
                      static_cast<double>(layers.size()));
  }
}

// An objective of Grams; styles are added to it.
absl::StatusOr<v1::GramStyleObjective*> AddGrams(const StyleOptions& options,
                                                 double weight,
                                                 v1::JobSpec* spec) {
  v1::Objective* objective = spec->add_objectives();
  if (weight != 1) objective->set_weight(weight);
  v1::GramStyleObjective* style = objective->mutable_gram_style();
  if (!IsLarge(options)) style->set_crop_each_step(true);
  RETURN_IF_ERROR(SetDistance(options.distance, style));
  AddStyleLayers(options.layers.style, style);
  return style;
}

absl::Status CheckScale(const StyleOptions& options) {
  if (options.style_scale && options.style_size) {
    return FlagError("--style-size", "and --style-scale exclude each other");
  }
  if (options.style_scale)
    return CheckFlag("--style-scale", *options.style_scale, kScale);
  if (!options.style_size) return absl::OkStatus();
  if (*options.style_size < 1 || *options.style_size > kMaxSide) {
    return FlagError(
        "--style-size",
        absl::StrCat(*options.style_size, " is not allowed; allowed 1..",
                     kMaxSide, " pixels"));
  }
  for (size_t i = 0; i < options.styles.size(); ++i) {
    if (LongestSide(options, i) > 0) continue;
    return FlagError("--style-size",
                     absl::StrCat("the size of \"", options.styles[i],
                                  "\" is not known; use --style-scale"));
  }
  return absl::OkStatus();
}

// The size of a style against its own pixels; none: its own size. As large as
// asked for, or as fits the canvas: where that grows in octaves the coarsest
// one, since a style that is smaller than the canvas is enlarged to it.
std::optional<double> ScaleOf(const StyleOptions& options, size_t style) {
  if (options.style_scale) return options.style_scale;
  const int longest = LongestSide(options, style);
  if (longest == 0 || (IsLarge(options) && !options.style_size))
    return std::nullopt;
  double scale = 0;
  if (options.style_size) {
    scale = static_cast<double>(*options.style_size) / longest;
  } else {
    scale = StyleOptions::kStyleRoom *
            CoveringScale(options.style_sizes[style], options.size) /
            std::pow(2, OctavesOf(options) - 1);
  }
  scale = std::clamp(scale, LeastFor(kScale), LargestFor(kScale));
  return std::round(scale * 1000) / 1000;
}

// All styles in one objective, which blends them; with masks an objective for
// each, so that they stand side by side.
absl::Status AddStyles(const StyleOptions& options, v1::JobSpec* spec) {
  const bool masked = !options.masks.empty();
  if (masked && options.masks.size() != options.styles.size()) {
    return FlagError("--style-mask",
                     absl::StrCat(options.masks.size(), " of them for ",
                                  options.styles.size(),
                                  " styles; give each style its own"));
  }
  RETURN_IF_ERROR(CheckScale(options));
  const double weight_one =
      options.style_weight * StyleBalance(options.layers, options.distance);
  v1::GramStyleObjective* style = nullptr;
  for (size_t i = 0; i < options.styles.size(); ++i) {
    const auto [path, weight] = ParseWeightedPath(options.styles[i]);
    if (!(weight > 0) || !std::isfinite(weight)) {
      return FlagError(
          "--style", absl::StrCat("weight ", FormatNumber(weight), " of \"",
                                  path, "\" is not allowed; a number > 0 is"));
    }
    if (style == nullptr || masked) {
      const double factor = masked ? weight : 1;
      ASSIGN_OR_RETURN(style, AddGrams(options, weight_one * factor, spec));
    }
    if (masked) style->set_mask(FileRef(options.masks[i]));
    auto* image = style->add_styles();
    image->set_image(FileRef(path));
    if (weight != 1 && !masked) image->set_weight(weight);
    if (const auto scale = ScaleOf(options, i)) image->set_scale(*scale);
    if (options.keep_colors) image->set_colors_from(FileRef(options.content));
  }
  return absl::OkStatus();
}

}  // namespace

Size StyleCanvas(Size content, int64_t pixels) {
  const double width = std::max(content.width, 1),
               height = std::max(content.height, 1);
  double factor = std::min(512 / std::max(width, height), 1.0);
  if (pixels > 0)
    factor = std::sqrt(static_cast<double>(pixels) / (width * height));
  const auto side = [&](double full) {
    return static_cast<int>(
        std::clamp(std::round(full * factor), 1.0, 32768.0));
  };
  return {side(width), side(height)};
}

absl::StatusOr<v1::JobSpec> StyleSpec(const StyleOptions& options,
                                      const SpecOptions& common) {
  if (options.styles.empty())
    return FlagError("--style", "at least one style image is needed");
  v1::JobSpec spec;
  v1::Parameterization* param = spec.mutable_parameterization();
  param->set_width(options.size.width);
  if (options.size.height != options.size.width)
    param->set_height(options.size.height);
  RETURN_IF_ERROR(SetParam(common.param, param));
  RETURN_IF_ERROR(SetInit(options, param));
  if (!IsLarge(options)) {
    spec.add_transforms()->mutable_preset()->set_name(
        v1::PresetTransform::STANDARD);
  }
  if (options.content_weight != 0) {
    v1::Objective* objective = spec.add_objectives();
    objective->set_weight(options.content_weight);
    v1::ContentObjective* content = objective->mutable_content();
    for (const std::string& layer : options.layers.content) {
      content->add_layers()->set_layer(layer);
    }
    content->set_image(FileRef(options.content));
    if (!IsLarge(options)) content->set_follow_transforms(true);
  }
  RETURN_IF_ERROR(AddStyles(options, &spec));
  spec.mutable_optimizer()->set_learning_rate(0.05);
  spec.mutable_optimizer()->mutable_adam();
  spec.set_steps(512);
  SetOctaves(options, &spec);
  RETURN_IF_ERROR(SetTiling(options, &spec));
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kImage, &spec));
  return spec;
}

}  // namespace phosphene::client
