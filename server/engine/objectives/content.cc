// Close to the activations of a content image: -distance(a, a_content), summed
// over layers. Source: Gatys et al. 2016.
#include <optional>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/shared/reference.h"
#include "server/engine/objectives/shared/summed.h"
#include "server/engine/objectives/shared/weighted_layers.h"

namespace phosphene {
namespace {

class Content final : public Summed {
 public:
  Content(std::vector<LayerShare> layers,
          std::optional<Companionship> companion,
          std::map<std::string, at::Tensor> fixed, v1::Metric metric)
      : Summed(NamesOf(layers)),
        layers_(std::move(layers)),
        companion_(std::move(companion)),
        fixed_(std::move(fixed)),
        metric_(metric) {}

  Sums SumsOf(const StepView& tile) override {
    Sums sums;
    for (const LayerShare& layer : layers_) {
      const at::Tensor target = Target(tile, layer.name);
      const at::Tensor rows = Counterpart(tile, layer.name, target);
      sums.terms.push_back(OverValues(Differences(rows, target, metric_)));
    }
    return sums;
  }
  at::Tensor Finish(const Sums& sums, const StepView& view) override {
    at::Tensor out;
    for (size_t i = 0; i < layers_.size(); ++i) {
      const at::Tensor term = MeanOf(sums.terms[i]) * -layers_[i].weight;
      out = out.defined() ? out + term : term;
    }
    return out;
  }

 private:
  // What the positions that the view owns are to be.
  at::Tensor Target(const StepView& view, const std::string& layer) {
    const OwnCells own = view.CellsOf(layer);
    if (companion_.has_value())
      return Resized(companion_->Layer(view, layer), own.height, own.width);
    if (fixed_.empty())
      return Resized(view.OriginalLayer(layer).detach(), own.height, own.width);
    return Fitted(layer, own.whole_height, own.whole_width)
        .narrow(2, own.y, own.height)
        .narrow(3, own.x, own.width);
  }
  // A fixed target at the size that transforms leave to its layer; kept for the
  // tiles of the same view.
  const at::Tensor& Fitted(const std::string& layer, int64_t height,
                           int64_t width) {
    const at::Tensor& target = fixed_.at(layer);
    if (target.size(2) == height && target.size(3) == width) return target;
    at::Tensor& fitted = fitted_[layer];
    if (!fitted.defined() || fitted.size(2) != height ||
        fitted.size(3) != width) {
      fitted = Resized(target, height, width);
    }
    return fitted;
  }

  std::vector<LayerShare> layers_;
  std::optional<Companionship> companion_;  // with follow_transforms
  // Else: [1,C,h,w] f32 by layer; of the object's own texture none.
  std::map<std::string, at::Tensor> fixed_, fitted_;
  v1::Metric metric_;
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  const v1::ContentObjective& own = spec.content();
  if (own.original() == own.image().empty()) return;
  faults.Add(absl::StrCat(path, ".content.image"),
             own.original() ? "goes without `original`; set one of the two"
                            : "is required, unless `original` is set");
}

bool NeedsSurface(const v1::Objective& spec) {
  return spec.content().original();
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  const v1::ContentObjective& own = spec.content();
  ASSIGN_OR_RETURN(std::vector<LayerShare> layers,
                   WantLayers(own.layers(), context));
  std::optional<Companionship> companion;
  std::map<std::string, at::Tensor> fixed;
  if (own.original()) {
    context.wants_original = true;
  } else if (own.follow_transforms()) {
    ASSIGN_OR_RETURN(companion, Companionship::Make(context, own.image()));
  } else {
    ASSIGN_OR_RETURN(at::Tensor image, LoadReference(context, own.image()));
    image = Resized(image, context.canvas.height, context.canvas.width);
    ASSIGN_OR_RETURN(fixed, RunReference(context, image, NamesOf(layers)));
  }
  const v1::Metric metric =
      own.metric() == v1::METRIC_UNSPECIFIED ? v1::METRIC_L1 : own.metric();
  return std::make_unique<Content>(std::move(layers), std::move(companion),
                                   std::move(fixed), metric);
}

}  // namespace

const ObjectiveKind& ContentObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "content",
                                     .check = Check,
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = SumsUp,
                                     .needs_surface = NeedsSurface};
  return kind;
}

}  // namespace phosphene
