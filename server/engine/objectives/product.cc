#include "absl/strings/str_cat.h"
#include "server/engine/objectives/shared/terms.h"

namespace phosphene {
namespace {

class Product final : public Expression {
 public:
  explicit Product(const v1::Objective&) {}

  at::Tensor Value(const StepView& view) override {
    std::vector<at::Tensor> values = TermValues(view);
    at::Tensor out = values[0];
    for (size_t i = 1; i < values.size(); ++i) out = out * values[i];
    return out;
  }
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  const int count = spec.product().factors_size();
  if (count >= 1 && count <= 16) return;
  faults.Add(absl::StrCat(path, ".product.factors"),
             absl::StrCat("has ", count, ", needs 1..16"));
}

}  // namespace

const ObjectiveKind& ProductObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "product",
                                     .check = Check,
                                     .make = MakeExpression<Product>,
                                     .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
