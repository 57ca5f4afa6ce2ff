#include <cmath>

#include "absl/strings/str_cat.h"
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

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  if (!std::isfinite(spec.scale().factor())) {
    faults.Add(absl::StrCat(path, ".scale.factor"),
               absl::StrCat(spec.scale().factor(), " is not finite"));
  }
  if (!spec.scale().has_term())
    faults.Add(absl::StrCat(path, ".scale.term"), "is required");
}

}  // namespace

const ObjectiveKind& ScaleObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "scale",
                                     .check = Check,
                                     .make = MakeExpression<Scale>,
                                     .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
