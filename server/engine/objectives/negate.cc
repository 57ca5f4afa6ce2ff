// An expression: -term.
#include "server/engine/objectives/shared/terms.h"

namespace phosphene {
namespace {

class Negate final : public Expression {
 public:
  explicit Negate(const v1::Objective&) {}

  at::Tensor Value(const StepView& view) override {
    return -TermValues(view)[0];
  }
};

}  // namespace

const ObjectiveKind& NegateObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "negate",
                                     .make = MakeExpression<Negate>,
                                     .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
