// Quiet edges: sum over a border of (blur5(x) - x)^2 + 0.8 (x - level)^2.
// Source: lucid objectives.penalize_boundary_complexity.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/base/range_fault.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/little_blur.h"

namespace phosphene {
namespace {

constexpr int64_t kDefaultWidth = 20;
constexpr double kLevelShare = 0.8;  // lucid penalize_boundary_complexity

class Boundary final : public ObjectiveFn {
 public:
  Boundary(int64_t width, double level) : width_(width), level_(level) {}

  at::Tensor Value(const StepView& view) override {
    const at::Tensor image = Colors(view.image);
    const at::Tensor rough = (LittleBlur(image, 5) - image).square();
    const at::Tensor loud = (image - level_).square();
    return ((rough + loud * kLevelShare) * Border(image)).sum({1, 2, 3});
  }

 private:
  // 1 in the border, 0 inside. [1,1,H,W]
  at::Tensor Border(const at::Tensor& image) const {
    const int64_t h = image.size(2), w = image.size(3);
    at::Tensor border =
        at::ones({1, 1, h, w}, image.options().requires_grad(false));
    const int64_t inner_h = h - 2 * width_, inner_w = w - 2 * width_;
    if (inner_h > 0 && inner_w > 0) {
      border.narrow(2, width_, inner_h).narrow(3, width_, inner_w).zero_();
    }
    return border;
  }
  int64_t width_;
  double level_;
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  const int64_t side = std::min(canvas.height, canvas.width);
  if (side == 0 || spec.boundary().width() == 0) return;
  RequireRange(spec.boundary().width(), 1,
               static_cast<double>(std::max<int64_t>(1, side / 2)),
               absl::StrCat(path, ".boundary.width"), faults);
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  const v1::BoundaryObjective& own = spec.boundary();
  return std::make_unique<Boundary>(
      own.width() == 0 ? kDefaultWidth : own.width(),
      own.has_level() ? own.level() : 0.5);
}

}  // namespace

const ObjectiveKind& BoundaryObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "boundary",
                                     .check = Check,
                                     .make = Make,
                                     .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
