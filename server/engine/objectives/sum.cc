// An expression: the sum of its terms.
#include "server/engine/objectives/shared/terms.h"

namespace phosphene {
namespace {

class Sum final : public Expression {
 public:
  explicit Sum(const v1::Objective&) {}

  at::Tensor Combine(const std::vector<at::Tensor>& values) const override {
    at::Tensor out = values[0];
    for (size_t i = 1; i < values.size(); ++i) out = out + values[i];
    return out;
  }
};

}  // namespace

const ObjectiveKind& SumObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "sum",
                                     .make = MakeExpression<Sum>,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = SumsUp};
  return kind;
}

}  // namespace phosphene
