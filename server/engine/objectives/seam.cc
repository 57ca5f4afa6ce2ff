// Colour step across the seams of a texture: mean (T(a) - T(b))^2 over the two
// sides of every edge that lies twice in the atlas, levels of detail averaged.
// Ours; a relative weight of -40 takes the step down to that of other edges.
#include "server/engine/objectives/interface.h"

namespace phosphene {
namespace {

constexpr int64_t kDefaultLevels = 3;

class Seam final : public ObjectiveFn {
 public:
  Seam(std::function<at::Tensor(int64_t)> seam_step, int64_t levels,
       bool relative)
      : seam_step_(std::move(seam_step)),
        levels_(levels),
        relative_(relative) {}

  // The same for every row: they are views of one texture.
  at::Tensor Value(const StepView& view) override {
    const at::Tensor step = seam_step_(levels_);
    if (!step.defined())
      return at::zeros({view.rows}, view.image.options().requires_grad(false));
    const at::Tensor value = step.expand({view.rows});
    return relative_ && view.so_far.defined() ? value * view.so_far.abs()
                                              : value;
  }

 private:
  std::function<at::Tensor(int64_t)> seam_step_;
  int64_t levels_;
  bool relative_;
};

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  if (!context.seam_step) {
    return absl::InvalidArgumentError(
        "seam: there is no object in space, so there are no seams");
  }
  const v1::SeamObjective& own = spec.seam();
  return std::make_unique<Seam>(
      context.seam_step, own.levels() == 0 ? kDefaultLevels : own.levels(),
      !own.has_relative() || own.relative());
}

bool Always(const v1::Objective& spec) { return true; }

}  // namespace

const ObjectiveKind& SeamObjectiveKind() {
  static const ObjectiveKind kind = {
      .arm = "seam", .make = Make, .joins_rows = true, .needs_surface = Always};
  return kind;
}

}  // namespace phosphene
