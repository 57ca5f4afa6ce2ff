// A direction in a layer: mean of <a, v> max(0.1, cos(a, v))^p. Source: lucid
// objectives.direction.

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/shared/cosine.h"
#include "server/engine/objectives/shared/fields.h"
#include "server/engine/objectives/shared/summed.h"
#include "server/engine/tensor/rng.h"

namespace phosphene {
namespace {

class Direction final : public Summed {
 public:
  Direction(std::string layer, at::Tensor vector,
            const v1::DirectionObjective& spec)
      : Summed({layer}),
        layer_(std::move(layer)),
        vector_(std::move(vector)),
        power_(spec.cossim_power()),
        center_only_(spec.center_only()) {}

  Sums SumsOf(const StepView& tile) override {
    at::Tensor map = tile.Layer(layer_);  // [rows,C,h,w]
    if (center_only_) {
      map = map.narrow(2, map.size(2) / 2, 1).narrow(3, map.size(3) / 2, 1);
    }
    return OverPlaces(DotCosine(map, vector_, power_));
  }
  at::Tensor Finish(const Sums& sums, const StepView& view) override {
    return MeanOf(sums);
  }

 private:
  std::string layer_;
  at::Tensor vector_;  // [1,C,1,1] f32
  double power_;
  bool center_only_;
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  const std::string arm = absl::StrCat(path, ".direction");
  const v1::DirectionObjective& own = spec.direction();
  if (own.has_random_seed() && own.vector_size() > 0) {
    faults.Add(absl::StrCat(arm, ".random_seed"),
               "set either vector or random_seed, not both");
  } else if (!own.has_random_seed()) {
    CheckCount(own.vector_size(), LayerChannels(network, canvas, own.layer()),
               absl::StrCat(arm, ".vector"), faults);
  }
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  const v1::DirectionObjective& own = spec.direction();
  ASSIGN_OR_RETURN(std::string layer, context.Want(own.layer()));
  at::Tensor vector;
  if (own.has_random_seed()) {
    const int64_t channels =
        LayerChannels(context.network, context.canvas, own.layer());
    vector =
        Rng(own.random_seed(), RngStream::kObjective).NormalTensor({channels});
  } else {
    vector = ValuesTensor(own.vector());
  }
  return std::make_unique<Direction>(
      std::move(layer), vector.view({1, -1, 1, 1}).to(context.device), own);
}

std::string WhyNotTiled(const v1::Objective& spec) {
  return spec.direction().center_only() ? "center_only looks at one place" : "";
}

}  // namespace

const ObjectiveKind& DirectionObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "direction",
                                     .check = Check,
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = WhyNotTiled};
  return kind;
}

}  // namespace phosphene
