// Whatever a layer sees, amplified: mean act^2. Source: lucid
// objectives.deepdream.
#include "server/base/status_macros.h"
#include "server/engine/objectives/shared/summed.h"

namespace phosphene {
namespace {

class DeepDream final : public Summed {
 public:
  explicit DeepDream(std::string layer)
      : Summed({layer}), layer_(std::move(layer)) {}

  Sums SumsOf(const StepView& tile) override {
    return OverValues(tile.Layer(layer_).square());
  }
  at::Tensor Finish(const Sums& sums, const StepView& view) override {
    return MeanOf(sums);
  }

 private:
  std::string layer_;
};

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  ASSIGN_OR_RETURN(std::string layer, context.Want(spec.deepdream().layer()));
  return std::make_unique<DeepDream>(std::move(layer));
}

}  // namespace

const ObjectiveKind& DeepDreamObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "deepdream",
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = SumsUp};
  return kind;
}

}  // namespace phosphene
