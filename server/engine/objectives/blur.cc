#include "absl/strings/str_cat.h"
#include "server/base/range_fault.h"
#include "server/engine/objectives/interface.h"
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
  const std::string field = absl::StrCat(path, ".blur.target");
  const int target = spec.blur().target();
  RequireKnown(BlurObjective::Target_IsValid(target), target, "IMAGE, ALPHA",
               field, faults);
  if (target == BlurObjective::ALPHA && canvas.channels != 4) {
    faults.Add(
        field,
        absl::StrCat("ALPHA needs an image with alpha (4 channels), this has ",
                     canvas.channels));
  }
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
