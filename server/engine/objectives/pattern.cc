// Infinite patterns: mean(act * target), target = mean over space of
// act_ref^selectivity, divided by its maximum. Source: Distill 2018, appendix.
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/shared/reference.h"
#include "server/engine/objectives/shared/summed.h"

namespace phosphene {
namespace {

constexpr double kDefaultSelectivity = 2;

class Pattern final : public Summed {
 public:
  Pattern(std::string layer, at::Tensor target)
      : Summed({layer}), layer_(std::move(layer)), target_(std::move(target)) {}

  Sums SumsOf(const StepView& tile) override {
    return OverValues(Counterpart(tile, layer_, target_) * target_);
  }
  at::Tensor Finish(const Sums& sums, const StepView& view) override {
    return MeanOf(sums);
  }

 private:
  std::string layer_;
  at::Tensor target_;  // [1,C,1,1] f32, 0..1
};

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  const v1::PatternObjective& own = spec.pattern();
  ASSIGN_OR_RETURN(std::string layer, context.Want(own.layer()));
  ASSIGN_OR_RETURN(const at::Tensor image, LoadReference(context, own.image()));
  ASSIGN_OR_RETURN(const auto maps, RunReference(context, image, {layer}));
  // Scaled before the power too, so that no activation overflows it; negative
  // activations (layers before their ReLU) count as none.
  at::Tensor target = maps.at(layer).clamp_min(0);
  target = target / target.max().clamp_min(1e-12);
  target = target.pow(own.has_selectivity() ? own.selectivity()
                                            : kDefaultSelectivity);
  target = target.mean({2, 3}, /*keepdim=*/true);
  const float most = target.max().item<float>();
  if (!(most > 0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "no channel of ", own.layer(), " responds to ", own.image()));
  }
  return std::make_unique<Pattern>(std::move(layer), target / most);
}

}  // namespace

const ObjectiveKind& PatternObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "pattern",
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = SumsUp};
  return kind;
}

}  // namespace phosphene
