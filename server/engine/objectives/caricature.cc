// A picture exaggerated: mean of <a, a_ref> max(0.1, cos)^p. Source: lucid
// recipes.caricature.
#include "server/base/status_macros.h"
#include "server/engine/objectives/shared/cosine.h"
#include "server/engine/objectives/shared/reference.h"
#include "server/engine/objectives/shared/summed.h"

namespace phosphene {
namespace {

class Caricature final : public Summed {
 public:
  Caricature(std::string layer, Companionship image, double power)
      : Summed({layer}),
        layer_(std::move(layer)),
        image_(std::move(image)),
        power_(power) {}

  Sums SumsOf(const StepView& tile) override {
    const at::Tensor target = image_.Layer(tile, layer_);
    return OverPlaces(
        DotCosine(Counterpart(tile, layer_, target), target, power_));
  }
  at::Tensor Finish(const Sums& sums, const StepView& view) override {
    return MeanOf(sums);
  }

 private:
  std::string layer_;
  Companionship image_;
  double power_;
};

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  const v1::CaricatureObjective& own = spec.caricature();
  ASSIGN_OR_RETURN(std::string layer, context.Want(own.layer()));
  ASSIGN_OR_RETURN(Companionship image,
                   Companionship::Make(context, own.image()));
  return std::make_unique<Caricature>(
      std::move(layer), std::move(image),
      own.has_cossim_power() ? own.cossim_power() : 1.0);
}

}  // namespace

const ObjectiveKind& CaricatureObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "caricature",
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = SumsUp};
  return kind;
}

}  // namespace phosphene
