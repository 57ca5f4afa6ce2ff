// sum |x - constant|: pulls values to a constant. Source: lucid objectives.L1.

#include "server/base/status_macros.h"
#include "server/engine/objectives/shared/fields.h"
#include "server/engine/objectives/shared/summed.h"

namespace phosphene {
namespace {

class L1 final : public Summed {
 public:
  L1(std::string layer, double constant)
      : Summed({layer}), layer_(std::move(layer)), constant_(constant) {}

  Sums SumsOf(const StepView& tile) override {
    return OverValues((tile.Layer(layer_) - constant_).abs());
  }
  at::Tensor Finish(const Sums& sums, const StepView& view) override {
    return sums.parts[0];
  }

 private:
  std::string layer_;
  double constant_;
};

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  ASSIGN_OR_RETURN(std::string layer,
                   context.Want(LayerOrInput(spec.l1().layer())));
  return std::make_unique<L1>(std::move(layer), spec.l1().constant());
}

}  // namespace

const ObjectiveKind& L1ObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "l1",
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = SumsUp};
  return kind;
}

}  // namespace phosphene
