// Whatever a layer sees, amplified: mean act^2. Source: lucid
// objectives.deepdream.
#include "server/base/status_macros.h"
#include "server/engine/objectives/interface.h"

namespace phosphene {
namespace {

class DeepDream final : public ObjectiveFn {
 public:
  explicit DeepDream(std::string layer) : layer_(std::move(layer)) {}

  at::Tensor Value(const StepView& view) override {
    return view.Layer(layer_).square().mean({1, 2, 3});
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
  static const ObjectiveKind kind = {
      .arm = "deepdream", .make = Make, .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
