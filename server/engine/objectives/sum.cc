#include "absl/strings/str_cat.h"
#include "server/base/range_fault.h"
#include "server/engine/objectives/shared/terms.h"

namespace phosphene {
namespace {

class Sum final : public Expression {
 public:
  explicit Sum(const v1::Objective&) {}

  at::Tensor Value(const StepView& view) override {
    std::vector<at::Tensor> values = TermValues(view);
    at::Tensor out = values[0];
    for (size_t i = 1; i < values.size(); ++i) out = out + values[i];
    return out;
  }
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  const int count = spec.sum().terms_size();
  if (count >= 1 && count <= 64) return;
  faults.Add(absl::StrCat(path, ".sum.terms"),
             absl::StrCat("has ", count, ", needs 1..64"));
}

}  // namespace

const ObjectiveKind& SumObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "sum",
                                     .check = Check,
                                     .make = MakeExpression<Sum>,
                                     .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
