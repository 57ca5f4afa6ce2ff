// Rows unlike each other: -(mean cosine of their flattened Gram matrices).
// Source: lucid objectives.diversity.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/fields.h"
#include "server/engine/objectives/shared/gram.h"

namespace phosphene {
namespace {

class Diversity final : public ObjectiveFn {
 public:
  explicit Diversity(std::string layer) : layer_(std::move(layer)) {}

  // A row's value is minus its mean cosine with the others, so that the mean
  // over rows is minus that of all pairs.
  at::Tensor Value(const StepView& view) override {
    const at::Tensor grams = Gram(view.Layer(layer_)).flatten(1);  // [N,C*C]
    const int64_t rows = grams.size(0);
    const at::Tensor unit =
        grams / (grams.square().sum(1, true) + 1e-10).sqrt();
    const at::Tensor cosine = at::mm(unit, unit.t());
    const at::Tensor others = cosine.sum(1) - cosine.diagonal();
    return -others / std::max<int64_t>(1, rows - 1);
  }

 private:
  std::string layer_;
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  CheckTwoRows(canvas, absl::StrCat(path, ".diversity"), faults);
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  ASSIGN_OR_RETURN(std::string layer, context.Want(spec.diversity().layer()));
  return std::make_unique<Diversity>(std::move(layer));
}

}  // namespace

const ObjectiveKind& DiversityObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "diversity",
                                     .check = Check,
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .joins_rows = true};
  return kind;
}

}  // namespace phosphene
