// Infinite patterns, of what a reference image shows: by its channels,
// mean(act * target), target = mean over space of act_ref^selectivity, divided
// by its maximum; or by its places. Source: Distill 2018, appendix.
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/shared/places.h"
#include "server/engine/objectives/shared/reference.h"
#include "server/engine/objectives/shared/summed.h"

namespace phosphene {
namespace {

using v1::PatternObjective;

constexpr double kDefaultSelectivity = 2;
constexpr double kDefaultActivity = 0.05;
// Cosines of a step with PLACES: of 500 channels, some ten seconds of one core.
constexpr double kMaxCosines = 5e8;

class Channels final : public Summed {
 public:
  Channels(std::string layer, at::Tensor target)
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

class Places final : public ObjectiveFn {
 public:
  Places(std::string layer, const at::Tensor& reference, double activity)
      : layer_(std::move(layer)),
        reference_(reference),
        units_(UnitPlaces(reference.squeeze(0).flatten(1))),
        activity_(activity) {}

  at::Tensor Value(const StepView& view) override {
    const at::Tensor act = Counterpart(view, layer_, reference_);
    const at::Tensor alike = PlacesAlike(act, units_);
    if (activity_ == 0) return alike;
    return alike + act.mean({1, 2, 3}) * activity_;
  }

 private:
  std::string layer_;
  at::Tensor reference_;  // [1,C,h,w] f32
  at::Tensor units_;      // [C,h*w] f32, of length 1
  double activity_;
};

// The channels that the reference excites, [1,C,1,1].
absl::StatusOr<at::Tensor> TargetOf(const PatternObjective& own,
                                    const at::Tensor& reference) {
  // Scaled before the power too, so that no activation overflows it; negative
  // activations (layers before their ReLU) count as none.
  at::Tensor target = reference.clamp_min(0);
  target = target / target.max().clamp_min(1e-12);
  target = target.pow(own.has_selectivity() ? own.selectivity()
                                            : kDefaultSelectivity);
  target = target.mean({2, 3}, /*keepdim=*/true);
  const float most = target.max().item<float>();
  if (!(most > 0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "no channel of ", own.layer(), " responds to ", own.image()));
  }
  return target / most;
}

// Refuses what a step would take minutes for. The image has about as many
// places a pixel as the reference has.
absl::Status CheckPlaces(const PatternObjective& own, const at::Tensor& image,
                         const at::Tensor& reference, const Canvas& canvas) {
  const auto places =
      static_cast<double>(reference.size(2) * reference.size(3));
  const double density =
      places / static_cast<double>(image.size(2) * image.size(3));
  const double pixels =
      static_cast<double>(canvas.height) * static_cast<double>(canvas.width);
  if (places * density * pixels <= kMaxCosines) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("match PLACES would hold ", reference.size(3), "x",
                   reference.size(2), " places of ", own.layer(),
                   " against a canvas of ", canvas.width, "x", canvas.height,
                   "; use a smaller image, a smaller canvas, a deeper layer, "
                   "or match CHANNELS"));
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  const PatternObjective& own = spec.pattern();
  ASSIGN_OR_RETURN(std::string layer, context.Want(own.layer()));
  ASSIGN_OR_RETURN(const at::Tensor image, LoadReference(context, own.image()));
  ASSIGN_OR_RETURN(const auto maps, RunReference(context, image, {layer}));
  at::Tensor reference = maps.at(layer);
  if (own.match() != PatternObjective::PLACES) {
    ASSIGN_OR_RETURN(at::Tensor target, TargetOf(own, reference));
    return std::make_unique<Channels>(std::move(layer), std::move(target));
  }
  RETURN_IF_ERROR(CheckPlaces(own, image, reference, context.canvas));
  return std::make_unique<Places>(
      std::move(layer), std::move(reference),
      own.has_activity() ? own.activity() : kDefaultActivity);
}

std::string WhyNotTiled(const v1::Objective& spec) {
  return spec.pattern().match() == PatternObjective::PLACES
             ? "match PLACES holds each of its places against all others"
             : "";
}

}  // namespace

const ObjectiveKind& PatternObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "pattern",
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = WhyNotTiled};
  return kind;
}

}  // namespace phosphene
