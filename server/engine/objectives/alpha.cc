// A statistic of alpha: its mean, 1 - mean, or mean alpha (1 - alpha). Source:
// Distill 2018, transparency.
#include "absl/strings/str_cat.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/fields.h"

namespace phosphene {
namespace {

using v1::AlphaObjective;

class Alpha final : public ObjectiveFn {
 public:
  explicit Alpha(const AlphaObjective& spec)
      : statistic_(spec.statistic()), transformed_(spec.transformed()) {}

  at::Tensor Value(const StepView& view) override {
    const at::Tensor alpha =
        (transformed_ ? view.input_alpha : view.alpha).to(at::kFloat);
    switch (statistic_) {
      case AlphaObjective::TRANSPARENCY:
        return 1 - alpha.mean({1, 2, 3});
      case AlphaObjective::INDECISION:
        return (alpha * (1 - alpha)).mean({1, 2, 3});
      default:
        return alpha.mean({1, 2, 3});
    }
  }

 private:
  AlphaObjective::Statistic statistic_;
  bool transformed_;
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  CheckAlpha(canvas, absl::StrCat(path, ".alpha"), faults);
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  return std::make_unique<Alpha>(spec.alpha());
}

}  // namespace

const ObjectiveKind& AlphaObjectiveKind() {
  static const ObjectiveKind kind = {
      .arm = "alpha",
      .check = Check,
      .make = Make,
      .why_not_replayed = SameEachStep,
      .reads_transformed_alpha = [](const v1::Objective& spec) {
        return spec.alpha().transformed();
      }};
  return kind;
}

}  // namespace phosphene
