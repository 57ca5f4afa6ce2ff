// An expression: factor * term.

#include "server/engine/objectives/shared/terms.h"

namespace phosphene {
namespace {

class Scale final : public Expression {
 public:
  explicit Scale(const v1::Objective& spec) : factor_(spec.scale().factor()) {}

  at::Tensor Value(const StepView& view) override {
    return TermValues(view)[0] * factor_;
  }

 private:
  double factor_;
};

}  // namespace

const ObjectiveKind& ScaleObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "scale",
                                     .make = MakeExpression<Scale>,
                                     .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
