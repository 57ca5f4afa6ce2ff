// The distance to a blurred self: 1/2 sum (x - stop_gradient(blur x))^2.
// Source: lucid objectives.blur_input_each_step, blur_alpha_each_step.
#include "absl/strings/str_cat.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/fields.h"
#include "server/engine/objectives/shared/little_blur.h"

namespace phosphene {
namespace {

using v1::BlurObjective;

class Blur final : public ObjectiveFn {
 public:
  explicit Blur(bool alpha) : alpha_(alpha) {}

  at::Tensor Value(const StepView& view) override {
    const at::Tensor image = alpha_ ? view.alpha : Colors(view.image);
    const at::Tensor blurred = LittleBlur(image.detach(), 3);
    return (image - blurred).square().sum({1, 2, 3}) * 0.5;
  }

 private:
  bool alpha_;
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  if (spec.blur().target() == BlurObjective::ALPHA)
    CheckAlpha(canvas, absl::StrCat(path, ".blur.target"), faults);
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  return std::make_unique<Blur>(spec.blur().target() == BlurObjective::ALPHA);
}

}  // namespace

const ObjectiveKind& BlurObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "blur",
                                     .check = Check,
                                     .make = Make,
                                     .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
