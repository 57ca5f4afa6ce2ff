#include "absl/strings/str_cat.h"
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

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  if (!spec.negate().has_term())
    faults.Add(absl::StrCat(path, ".negate.term"), "is required");
}

}  // namespace

const ObjectiveKind& NegateObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "negate",
                                     .check = Check,
                                     .make = MakeExpression<Negate>,
                                     .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
