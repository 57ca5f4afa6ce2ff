#include "absl/strings/str_cat.h"
#include "server/base/range_fault.h"
#include "server/engine/objectives/shared/terms.h"

namespace phosphene {
namespace {

class Power final : public Expression {
 public:
  explicit Power(const v1::Objective& spec)
      : exponent_(spec.power().exponent()) {}

  at::Tensor Value(const StepView& view) override {
    const at::Tensor base = TermValues(view)[0];
    // Below exponent 1 the slope at zero is infinite: keep a little away.
    return base.sign() * base.abs().clamp_min(1e-12).pow(exponent_);
  }

 private:
  double exponent_;
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  RequireRange(spec.power().exponent(), 0.1, 8,
               absl::StrCat(path, ".power.exponent"), faults);
  if (!spec.power().has_base())
    faults.Add(absl::StrCat(path, ".power.base"), "is required");
}

}  // namespace

const ObjectiveKind& PowerObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "power",
                                     .check = Check,
                                     .make = MakeExpression<Power>,
                                     .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
