#include <cmath>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/fields.h"

namespace phosphene {
namespace {

class L1 final : public ObjectiveFn {
 public:
  L1(std::string layer, double constant)
      : layer_(std::move(layer)), constant_(constant) {}

  at::Tensor Value(const StepView& view) override {
    return (view.Layer(layer_) - constant_).abs().sum({1, 2, 3});
  }

 private:
  std::string layer_;
  double constant_;
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  CheckLayer(network, LayerOrInput(spec.l1().layer()),
             absl::StrCat(path, ".l1.layer"), faults);
  if (!std::isfinite(spec.l1().constant())) {
    faults.Add(absl::StrCat(path, ".l1.constant"),
               absl::StrCat(spec.l1().constant(), " is not finite"));
  }
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  ASSIGN_OR_RETURN(std::string layer,
                   context.Want(LayerOrInput(spec.l1().layer())));
  return std::make_unique<L1>(std::move(layer), spec.l1().constant());
}

}  // namespace

const ObjectiveKind& L1ObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "l1",
                                     .check = Check,
                                     .make = Make,
                                     .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
