// The preset of `style`.

#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/presets/presets.h"
#include "client/spec/file_refs.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

// The article's layers under the names networks give them; for VGG those of
// Gatys et al. 2016 as far as the network goes.
const std::vector<StyleLayers>& Families() {
  static const std::vector<StyleLayers> families = {
      {{"inception_3b/output"},
       {"conv2/relu_3x3", "inception_3a/output", "inception_4a/output",
        "inception_4b/output", "inception_4c/output"}},
      {{"mixed3b"}, {"conv2d2", "mixed3a", "mixed4a", "mixed4b", "mixed4c"}},
      {{"mixed3b"}, {"conv2", "mixed3a", "mixed4a", "mixed4b", "mixed4c"}},
      {{"block4_relu2"},
       {"block1_relu1", "block2_relu1", "block3_relu1", "block4_relu1",
        "block5_relu1"}},
      {{"block3_relu2"}, {"block1_relu1", "block2_relu1", "block3_relu1"}},
      {{"relu4_2"}, {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"}},
  };
  return families;
}

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

// Coarse to fine: at twice the side each, from about half a million pixels on.
// Three times fewer steps each is Style Projection's schedule (600 / 3^k).
void SetOctaves(const StyleOptions& options, v1::JobSpec* spec) {
  int count = 1;
  for (int64_t pixels = PixelsOf(options); pixels > StyleOptions::kOctavePixels;
       pixels /= 4) {
    ++count;
  }
  if (count == 1) return;
  v1::Octaves* octaves = spec->mutable_optimizer()->mutable_octaves();
  octaves->set_count(count);
  octaves->set_scale(2);
  octaves->set_steps_factor(1.0 / 3);
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
  if (options.style_scale) {
    RETURN_IF_ERROR(CheckFlag("--style-scale", *options.style_scale,
                              "spec.objectives.gram_style.styles.scale"));
  }
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
      ASSIGN_OR_RETURN(style,
                       AddGrams(options, options.style_weight * factor, spec));
    }
    if (masked) style->set_mask(FileRef(options.masks[i]));
    auto* image = style->add_styles();
    image->set_image(FileRef(path));
    if (weight != 1 && !masked) image->set_weight(weight);
    if (options.style_scale) image->set_scale(*options.style_scale);
    if (options.keep_colors) image->set_colors_from(FileRef(options.content));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StyleLayers> StyleLayersFor(
    const std::vector<std::string>& layer_names) {
  const auto has = [&](const std::string& name) {
    return std::find(layer_names.begin(), layer_names.end(), name) !=
           layer_names.end();
  };
  for (const StyleLayers& family : Families()) {
    if (std::all_of(family.content.begin(), family.content.end(), has) &&
        std::all_of(family.style.begin(), family.style.end(), has)) {
      return family;
    }
  }
  return absl::NotFoundError(
      "no layers for style transfer are known for this network; name them with "
      "--content-layer "
      "L and --style-layer L (several times); `phosphene models layers MODEL` "
      "lists them");
}

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
