// Style: -distance of the statistics G = F F^T / (H W), or of mean and
// covariance, to those of style images. Source: Gatys et al. 2016; Distill
// 2018.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/shared/color_transfer.h"
#include "server/engine/objectives/shared/moving_average.h"
#include "server/engine/objectives/shared/reference.h"
#include "server/engine/objectives/shared/style_statistics.h"
#include "server/engine/objectives/shared/weighted_layers.h"

namespace phosphene {
namespace {

using v1::GramStyleObjective;

struct Style {
  double weight = 0;       // shares sum to 1
  int64_t companion = -1;  // with crop_each_step
};

class GramStyle final : public ObjectiveFn {
 public:
  GramStyle(const GramStyleObjective& spec, std::vector<LayerShare> layers,
            std::vector<Style> styles, std::vector<StyleTarget> targets,
            at::Tensor mask)
      : distance_(spec.distance()),
        layers_(std::move(layers)),
        styles_(std::move(styles)),
        targets_(std::move(targets)),
        mask_(std::move(mask)),
        by_coverage_(spec.mask_by_coverage()),
        average_(spec.moving_average(), spec.debias()) {}

  at::Tensor Value(const StepView& view) override {
    at::Tensor out;
    for (size_t i = 0; i < layers_.size(); ++i) {
      const at::Tensor features = view.Layer(layers_[i].name);
      at::Tensor mask;
      if (mask_.defined())
        mask = Resized(mask_, features.size(2), features.size(3));
      if (by_coverage_) {
        const at::Tensor covered =
            Resized(view.coverage, features.size(2), features.size(3));
        mask = mask.defined() ? mask * covered : covered;
      }
      StyleStatistics statistics = StatisticsOf(features, mask, distance_);
      average_.Apply(absl::StrCat(i), view.step, &statistics);
      const at::Tensor distance = StyleDistance(
          statistics, targets_.empty() ? Target(view, i) : targets_[i],
          distance_);
      const at::Tensor term = distance * -layers_[i].weight;
      out = out.defined() ? out + term : term;
    }
    return out;
  }
  void Save(std::map<std::string, at::Tensor>* state) const override {
    average_.Save(state);
  }
  void Load(const std::map<std::string, at::Tensor>& state) override {
    average_.Load(state);
  }

 private:
  // The blend of the styles as this step's crops show them.
  StyleTarget Target(const StepView& view, size_t layer) const {
    const c10::NoGradGuard no_grad;
    StyleStatistics blend;
    for (const Style& style : styles_) {
      const at::Tensor features =
          view.CompanionLayer(layers_[layer].name, style.companion);
      AddScaled(StatisticsOf(features, {}, distance_), style.weight, &blend);
    }
    return MakeStyleTarget(blend, distance_);
  }

  GramStyleObjective::Distance distance_;
  std::vector<LayerShare> layers_;
  std::vector<Style> styles_;
  std::vector<StyleTarget> targets_;  // one a layer; empty with crop_each_step
  at::Tensor mask_;                   // [1,1,H,W] f32 or undefined
  bool by_coverage_;
  MovingAverage average_;
};

std::string WhyNotReplayed(const v1::Objective& spec) {
  const GramStyleObjective& own = spec.gram_style();
  if (own.moving_average() > 0) return "moving_average is kept by the host";
  if (own.crop_each_step()) return "crop_each_step crops on the host";
  if (own.distance() == GramStyleObjective::WASSERSTEIN2)
    return "distance WASSERSTEIN2 waits for eigenvalues";
  return "";
}

bool NeedsSurface(const v1::Objective& spec) {
  return spec.gram_style().mask_by_coverage();
}

// A style at its scale; for crops at least as large as the canvas.
absl::StatusOr<at::Tensor> LoadStyle(const GramStyleObjective::StyleImage& spec,
                                     bool for_crops,
                                     ObjectiveContext& context) {
  ASSIGN_OR_RETURN(at::Tensor image, LoadReference(context, spec.image()));
  if (!spec.colors_from().empty()) {
    ASSIGN_OR_RETURN(const at::Tensor colors,
                     LoadReference(context, spec.colors_from()));
    image = WithColorsOf(image, colors);
  }
  const double h = static_cast<double>(image.size(2)),
               w = static_cast<double>(image.size(3));
  double scale = spec.has_scale() ? spec.scale() : 1.0;
  if (for_crops) {
    scale = std::max({scale, static_cast<double>(context.canvas.height) / h,
                      static_cast<double>(context.canvas.width) / w});
  }
  const int64_t height = std::max<int64_t>(1, std::llround(h * scale));
  const int64_t width = std::max<int64_t>(1, std::llround(w * scale));
  if (height * width > kMaxStylePixels) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a style of ", width, "x", height, " pixels at its scale is above ",
        kMaxStylePixels, "; lower its scale"));
  }
  return Resized(image, height, width);
}

absl::StatusOr<at::Tensor> LoadMask(const std::string& blob,
                                    ObjectiveContext& context) {
  if (blob.empty()) return at::Tensor();
  ASSIGN_OR_RETURN(const at::Tensor image, LoadReference(context, blob));
  const at::Tensor mask = image.mean(1, /*keepdim=*/true);
  if (mask.max().item<float>() < 1e-3f) {
    return absl::InvalidArgumentError(
        absl::StrCat("the mask ", blob, " is black all over"));
  }
  return mask;
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  const GramStyleObjective& own = spec.gram_style();
  ASSIGN_OR_RETURN(std::vector<LayerShare> layers,
                   WantLayers(own.layers(), context));
  ASSIGN_OR_RETURN(const at::Tensor mask, LoadMask(own.mask(), context));
  if (own.mask_by_coverage()) context.wants_coverage = true;
  double total = 0;
  for (const auto& style : own.styles())
    total += style.has_weight() ? style.weight() : 1.0;
  std::vector<Style> styles;
  std::vector<StyleStatistics> blends(layers.size());
  for (const auto& style : own.styles()) {
    ASSIGN_OR_RETURN(at::Tensor image,
                     LoadStyle(style, own.crop_each_step(), context));
    Style made{(style.has_weight() ? style.weight() : 1.0) / total, -1};
    if (own.crop_each_step()) {
      made.companion =
          context.AddCompanion({std::move(image), /*crop_each_step=*/true});
    } else {
      ASSIGN_OR_RETURN(const auto maps,
                       RunReference(context, image, NamesOf(layers)));
      for (size_t i = 0; i < layers.size(); ++i) {
        AddScaled(StatisticsOf(maps.at(layers[i].name), {}, own.distance()),
                  made.weight, &blends[i]);
      }
    }
    styles.push_back(made);
  }
  std::vector<StyleTarget> targets;
  for (size_t i = 0; i < layers.size() && !own.crop_each_step(); ++i) {
    targets.push_back(MakeStyleTarget(blends[i], own.distance()));
  }
  return std::make_unique<GramStyle>(own, std::move(layers), std::move(styles),
                                     std::move(targets), mask);
}

}  // namespace

const ObjectiveKind& GramStyleObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "gram_style",
                                     .make = Make,
                                     .why_not_replayed = WhyNotReplayed,
                                     .needs_surface = NeedsSurface};
  return kind;
}

}  // namespace phosphene
