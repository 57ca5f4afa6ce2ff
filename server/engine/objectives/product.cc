// An expression: the product of its factors, row by row.
#include "server/engine/objectives/shared/terms.h"

namespace phosphene {
namespace {

class Product final : public Expression {
 public:
  explicit Product(const v1::Objective&) {}

  at::Tensor Combine(const std::vector<at::Tensor>& values) const override {
    at::Tensor out = values[0];
    for (size_t i = 1; i < values.size(); ++i) out = out * values[i];
    return out;
  }
};

}  // namespace

const ObjectiveKind& ProductObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "product",
                                     .make = MakeExpression<Product>,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = SumsUp};
  return kind;
}

}  // namespace phosphene
