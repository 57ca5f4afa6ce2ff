// Roughness: sum |x_{i+1} - x_i| over both axes. Source: lucid
// objectives.total_variation.
#include "server/base/status_macros.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/fields.h"

namespace phosphene {
namespace {

class TotalVariation final : public ObjectiveFn {
 public:
  explicit TotalVariation(std::string layer) : layer_(std::move(layer)) {}

  at::Tensor Value(const StepView& view) override {
    const at::Tensor map = view.Layer(layer_);
    return map.diff(1, 2).abs().sum({1, 2, 3}) +
           map.diff(1, 3).abs().sum({1, 2, 3});
  }

 private:
  std::string layer_;
};

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  ASSIGN_OR_RETURN(std::string layer,
                   context.Want(LayerOrInput(spec.total_variation().layer())));
  return std::make_unique<TotalVariation>(std::move(layer));
}

}  // namespace

const ObjectiveKind& TotalVariationObjectiveKind() {
  static const ObjectiveKind kind = {
      .arm = "total_variation", .make = Make, .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
