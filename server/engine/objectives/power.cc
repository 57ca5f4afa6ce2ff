// An expression, row by row: sign(x) |x|^exponent.
#include "server/engine/objectives/shared/terms.h"

namespace phosphene {
namespace {

class Power final : public Expression {
 public:
  explicit Power(const v1::Objective& spec)
      : exponent_(spec.power().exponent()) {}

  at::Tensor Combine(const std::vector<at::Tensor>& values) const override {
    const at::Tensor& base = values[0];
    // Below exponent 1 the slope at zero is infinite: keep a little away.
    return base.sign() * base.abs().clamp_min(1e-12).pow(exponent_);
  }

 private:
  double exponent_;
};

}  // namespace

const ObjectiveKind& PowerObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "power",
                                     .make = MakeExpression<Power>,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = SumsUp};
  return kind;
}

}  // namespace phosphene
