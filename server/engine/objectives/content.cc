// Close to the activations of a content image: -distance(a, a_content), summed
// over layers. Source: Gatys et al. 2016.
#include <optional>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/shared/reference.h"
#include "server/engine/objectives/shared/weighted_layers.h"

namespace phosphene {
namespace {

class Content final : public ObjectiveFn {
 public:
  Content(std::vector<LayerShare> layers,
          std::optional<Companionship> companion,
          std::map<std::string, at::Tensor> fixed, v1::Metric metric)
      : layers_(std::move(layers)),
        companion_(std::move(companion)),
        fixed_(std::move(fixed)),
        metric_(metric) {}

  at::Tensor Value(const StepView& view) override {
    at::Tensor out;
    for (const LayerShare& layer : layers_) {
      at::Tensor target = Target(view, layer.name);
      const at::Tensor rows = Counterpart(view, layer.name, target);
      target = Resized(target, rows.size(2), rows.size(3));
      const at::Tensor term = Distance(rows, target, metric_) * -layer.weight;
      out = out.defined() ? out + term : term;
    }
    return out;
  }

 private:
  at::Tensor Target(const StepView& view, const std::string& layer) const {
    if (companion_.has_value()) return companion_->Layer(view, layer);
    if (fixed_.empty()) return view.OriginalLayer(layer).detach();
    return fixed_.at(layer);
  }

  std::vector<LayerShare> layers_;
  std::optional<Companionship> companion_;  // with follow_transforms
  // Else: [1,C,h,w] f32 by layer; of the object's own texture none.
  std::map<std::string, at::Tensor> fixed_;
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
                                     .needs_surface = NeedsSurface};
  return kind;
}

}  // namespace phosphene
