// An expression: -term.
#include "server/engine/objectives/shared/terms.h"

namespace phosphene {
namespace {

class Negate final : public Expression {
 public:
  explicit Negate(const v1::Objective&) {}

  at::Tensor Combine(const std::vector<at::Tensor>& values) const override {
    return -values[0];
  }
};

}  // namespace

const ObjectiveKind& NegateObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "negate",
                                     .make = MakeExpression<Negate>,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = SumsUp};
  return kind;
}

}  // namespace phosphene
