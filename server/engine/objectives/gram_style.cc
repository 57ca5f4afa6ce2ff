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
#include "server/engine/objectives/shared/summed.h"
#include "server/engine/objectives/shared/weighted_layers.h"

namespace phosphene {
namespace {

using v1::GramStyleObjective;

struct Style {
  double weight = 0;       // shares sum to 1
  int64_t companion = -1;  // with crop_each_step
};

class GramStyle final : public Summed {
 public:
  GramStyle(const GramStyleObjective& spec, std::vector<LayerShare> layers,
            std::vector<Style> styles, std::vector<StyleTarget> targets,
            at::Tensor mask)
      : Summed(NamesOf(layers)),
        distance_(spec.distance()),
        layers_(std::move(layers)),
        styles_(std::move(styles)),
        targets_(std::move(targets)),
        mask_(std::move(mask)),
        by_coverage_(spec.mask_by_coverage()),
        average_(spec.moving_average(), spec.debias()) {}

  // A term for each layer: its sums, and those of the styles' crops.
  Sums SumsOf(const StepView& tile) override {
    Sums sums;
    for (const LayerShare& layer : layers_) {
      Sums own = StyleSums(tile.Layer(layer.name), MaskOf(tile, layer.name),
                           distance_);
      Sums& both = sums.terms.emplace_back();
      both.terms.push_back(std::move(own));
      if (!targets_.empty()) continue;
      const c10::NoGradGuard no_grad;
      for (const Style& style : styles_) {
        both.terms.push_back(StyleSums(
            tile.CompanionLayer(layer.name, style.companion), {}, distance_));
      }
    }
    return sums;
  }
  at::Tensor Finish(const Sums& sums, const StepView& view) override {
    at::Tensor out;
    for (size_t i = 0; i < layers_.size(); ++i) {
      const std::vector<Sums>& own = sums.terms[i].terms;
      StyleStatistics statistics = StatisticsOf(own[0]);
      average_.Apply(absl::StrCat(i), view.step, &statistics);
      const at::Tensor distance = StyleDistance(
          statistics, targets_.empty() ? Target(own) : targets_[i], distance_);
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
  // The blend of the styles as this step's crops show them; `sums` has theirs
  // behind the rows'.
  StyleTarget Target(const std::vector<Sums>& sums) const {
    const c10::NoGradGuard no_grad;
    StyleStatistics blend;
    for (size_t i = 0; i < styles_.size(); ++i)
      AddScaled(StatisticsOf(sums[1 + i]), styles_[i].weight, &blend);
    return MakeStyleTarget(blend, distance_);
  }
  // How much the positions that the view owns count; undefined: all alike.
  at::Tensor MaskOf(const StepView& view, const std::string& layer) const {
    const OwnCells own = view.CellsOf(layer);
    at::Tensor mask;
    if (mask_.defined()) {
      mask = Resized(mask_, own.whole_height, own.whole_width)
                 .narrow(2, own.y, own.height)
                 .narrow(3, own.x, own.width);
    }
    if (by_coverage_) {
      const at::Tensor covered = Resized(view.coverage, own.height, own.width);
      mask = mask.defined() ? mask * covered : covered;
    }
    return mask;
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

std::string WhyNotTiled(const v1::Objective& spec) {
  return spec.gram_style().mask_by_coverage()
             ? "mask_by_coverage is of a whole view"
             : "";
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

// A style's sums by layer: of the image in one piece or in tiles.
absl::Status SumsOfStyle(const GramStyleObjective& spec,
                         const at::Tensor& image,
                         const std::vector<LayerShare>& layers,
                         ObjectiveContext& context, std::vector<Sums>* sums) {
  std::vector<std::string> in_network;
  for (size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].name == "input" || layers[i].name == "image") {
      (*sums)[i] = StyleSums(image, {}, spec.distance());
    } else {
      in_network.push_back(layers[i].name);
    }
  }
  if (in_network.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(
      LookAtReference(context, image, in_network, [&](const StepView& view) {
        for (size_t i = 0; i < layers.size(); ++i) {
          if (layers[i].name == "input" || layers[i].name == "image") continue;
          const Sums part =
              StyleSums(view.Layer(layers[i].name), {}, spec.distance());
          if (view.own == nullptr) {
            (*sums)[i] = part;
          } else {
            (*sums)[i].Add(part);
          }
        }
      }));
  for (Sums& layer : *sums) layer = layer.Rounded();
  return absl::OkStatus();
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
      std::vector<Sums> sums(layers.size());
      RETURN_IF_ERROR(SumsOfStyle(own, image, layers, context, &sums));
      for (size_t i = 0; i < layers.size(); ++i)
        AddScaled(StatisticsOf(sums[i]), made.weight, &blends[i]);
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
                                     .why_not_tiled = WhyNotTiled,
                                     .needs_surface = NeedsSurface};
  return kind;
}

}  // namespace phosphene
