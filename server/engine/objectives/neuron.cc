// One position of a channel: act[channel, y, x]. Source: lucid
// objectives.neuron.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/interface.h"

namespace phosphene {
namespace {

class Neuron final : public ObjectiveFn {
 public:
  Neuron(std::string layer, v1::NeuronObjective spec)
      : layer_(std::move(layer)), spec_(std::move(spec)) {}

  at::Tensor Value(const StepView& view) override {
    const at::Tensor map =
        view.Layer(layer_).select(1, spec_.channel());  // [rows,h,w]
    const int64_t h = map.size(1), w = map.size(2);
    // Random transforms change the layer's size from step to step, so a given
    // position can lie outside: then its nearest one inside.
    const int64_t y =
        spec_.has_y() ? std::min<int64_t>(spec_.y(), h - 1) : h / 2;
    const int64_t x =
        spec_.has_x() ? std::min<int64_t>(spec_.x(), w - 1) : w / 2;
    return map.select(1, y).select(1, x);
  }

 private:
  std::string layer_;
  v1::NeuronObjective spec_;
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  CheckChannel(network, spec.neuron().layer(), spec.neuron().channel(),
               absl::StrCat(path, ".neuron.channel"), faults);
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  ASSIGN_OR_RETURN(std::string layer, context.Want(spec.neuron().layer()));
  return std::make_unique<Neuron>(std::move(layer), spec.neuron());
}

std::string Target(const v1::Objective& spec) {
  return absl::StrCat(spec.neuron().layer(), ":", spec.neuron().channel());
}

}  // namespace

const ObjectiveKind& NeuronObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "neuron",
                                     .check = Check,
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .target = Target};
  return kind;
}

}  // namespace phosphene
