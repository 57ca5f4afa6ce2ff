// Close to the activations of a content image: -distance(a, a_content), summed
// over layers. Source: Gatys et al. 2016.
#include <optional>

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
      at::Tensor target = companion_.has_value()
                              ? companion_->Layer(view, layer.name)
                              : fixed_.at(layer.name);
      const at::Tensor rows = Counterpart(view, layer.name, target);
      target = Resized(target, rows.size(2), rows.size(3));
      const at::Tensor term = Distance(rows, target, metric_) * -layer.weight;
      out = out.defined() ? out + term : term;
    }
    return out;
  }

 private:
  std::vector<LayerShare> layers_;
  std::optional<Companionship> companion_;   // with follow_transforms
  std::map<std::string, at::Tensor> fixed_;  // else: [1,C,h,w] f32 by layer
  v1::Metric metric_;
};

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  const v1::ContentObjective& own = spec.content();
  ASSIGN_OR_RETURN(std::vector<LayerShare> layers,
                   WantLayers(own.layers(), context));
  std::optional<Companionship> companion;
  std::map<std::string, at::Tensor> fixed;
  if (own.follow_transforms()) {
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
  static const ObjectiveKind kind = {
      .arm = "content", .make = Make, .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
