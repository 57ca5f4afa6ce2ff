// sqrt(epsilon + sum (x - constant)^2). Source: lucid objectives.L2.

#include "server/base/status_macros.h"
#include "server/engine/objectives/shared/fields.h"
#include "server/engine/objectives/shared/summed.h"

namespace phosphene {
namespace {

constexpr double kDefaultEpsilon = 1e-6;

class L2 final : public Summed {
 public:
  L2(std::string layer, double constant, double epsilon)
      : Summed({layer}),
        layer_(std::move(layer)),
        constant_(constant),
        epsilon_(epsilon) {}

  Sums SumsOf(const StepView& tile) override {
    return OverValues((tile.Layer(layer_) - constant_).square());
  }
  at::Tensor Finish(const Sums& sums, const StepView& view) override {
    return (sums.parts[0] + epsilon_).sqrt();
  }

 private:
  std::string layer_;
  double constant_, epsilon_;
};

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  const v1::L2Objective& own = spec.l2();
  ASSIGN_OR_RETURN(std::string layer, context.Want(LayerOrInput(own.layer())));
  return std::make_unique<L2>(
      std::move(layer), own.constant(),
      own.has_epsilon() ? own.epsilon() : kDefaultEpsilon);
}

}  // namespace

const ObjectiveKind& L2ObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "l2",
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = SumsUp};
  return kind;
}

}  // namespace phosphene
