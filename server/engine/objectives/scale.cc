// An expression: factor * term.

#include "server/engine/objectives/shared/terms.h"

namespace phosphene {
namespace {

class Scale final : public Expression {
 public:
  explicit Scale(const v1::Objective& spec) : factor_(spec.scale().factor()) {}

  at::Tensor Combine(const std::vector<at::Tensor>& values) const override {
    return values[0] * factor_;
  }

 private:
  double factor_;
};

}  // namespace

const ObjectiveKind& ScaleObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "scale",
                                     .make = MakeExpression<Scale>,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = SumsUp};
  return kind;
}

}  // namespace phosphene
