#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/fields.h"

namespace phosphene {
namespace {

class TotalVariation final : public ObjectiveFn {
 public:
  explicit TotalVariation(std::string layer) : layer_(std::move(layer)) {}

  at::Tensor Value(const StepView& view) override {
    const at::Tensor map = view.Layer(layer_);
    return map.diff(1, 2).abs().sum({1, 2, 3}) +
           map.diff(1, 3).abs().sum({1, 2, 3});
  }

 private:
  std::string layer_;
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  CheckLayer(network, LayerOrInput(spec.total_variation().layer()),
             absl::StrCat(path, ".total_variation.layer"), faults);
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  ASSIGN_OR_RETURN(std::string layer,
                   context.Want(LayerOrInput(spec.total_variation().layer())));
  return std::make_unique<TotalVariation>(std::move(layer));
}

}  // namespace

const ObjectiveKind& TotalVariationObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "total_variation",
                                     .check = Check,
                                     .make = Make,
                                     .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
