// Roughness: sum |x_{i+1} - x_i| over both axes. Source: lucid
// objectives.total_variation.
#include "server/base/status_macros.h"
#include "server/engine/objectives/shared/fields.h"
#include "server/engine/objectives/shared/summed.h"

namespace phosphene {
namespace {

class TotalVariation final : public Summed {
 public:
  explicit TotalVariation(std::string layer)
      : Summed({layer}), layer_(std::move(layer)) {}

  // A step to the next position belongs to the first of the two.
  int64_t beyond() const override { return 1; }
  Sums SumsOf(const StepView& tile) override {
    const OwnCells own = tile.CellsOf(layer_);
    const at::Tensor map = tile.Layer(layer_, beyond());
    Sums sums;
    if (map.numel() == 0) {
      sums.parts = {map.sum({1, 2, 3})};
      return sums;
    }
    sums.parts = {map.narrow(3, 0, own.width).diff(1, 2).abs().sum({1, 2, 3}) +
                  map.narrow(2, 0, own.height).diff(1, 3).abs().sum({1, 2, 3})};
    return sums;
  }
  at::Tensor Finish(const Sums& sums, const StepView& view) override {
    return sums.parts[0];
  }

 private:
  std::string layer_;
};

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  ASSIGN_OR_RETURN(std::string layer,
                   context.Want(LayerOrInput(spec.total_variation().layer())));
  return std::make_unique<TotalVariation>(std::move(layer));
}

}  // namespace

const ObjectiveKind& TotalVariationObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "total_variation",
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = SumsUp};
  return kind;
}

}  // namespace phosphene
