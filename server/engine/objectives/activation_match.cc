// The activations of a picture matched again: -mean (a - a_ref)^2, or -mean
// |a - a_ref|. Source: Mahendran & Vedaldi 2015, inversion.
#include <optional>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/shared/fields.h"
#include "server/engine/objectives/shared/reference.h"
#include "server/engine/objectives/shared/summed.h"

namespace phosphene {
namespace {

class ActivationMatch final : public Summed {
 public:
  ActivationMatch(std::string layer, std::optional<Companionship> image,
                  at::Tensor vector, v1::Metric metric)
      : Summed({layer}),
        layer_(std::move(layer)),
        image_(std::move(image)),
        vector_(std::move(vector)),
        metric_(metric) {}

  Sums SumsOf(const StepView& tile) override {
    const at::Tensor target =
        image_.has_value() ? image_->Layer(tile, layer_) : vector_;
    return OverValues(
        Differences(Counterpart(tile, layer_, target), target, metric_));
  }
  at::Tensor Finish(const Sums& sums, const StepView& view) override {
    return -MeanOf(sums);
  }

 private:
  std::string layer_;
  std::optional<Companionship> image_;
  at::Tensor vector_;  // [1,C,1,1] f32, without an image
  v1::Metric metric_;
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  const v1::ActivationMatchObjective& own = spec.activation_match();
  if (!own.has_vector()) return;
  CheckCount(own.vector().values_size(),
             LayerChannels(network, canvas, own.layer()),
             absl::StrCat(path, ".activation_match.vector.values"), faults);
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  const v1::ActivationMatchObjective& own = spec.activation_match();
  ASSIGN_OR_RETURN(std::string layer, context.Want(own.layer()));
  std::optional<Companionship> image;
  at::Tensor vector;
  if (own.target_case() == v1::ActivationMatchObjective::kImage) {
    ASSIGN_OR_RETURN(image, Companionship::Make(context, own.image()));
  } else {
    vector = ValuesTensor(own.vector().values())
                 .view({1, -1, 1, 1})
                 .to(context.device);
  }
  return std::make_unique<ActivationMatch>(std::move(layer), std::move(image),
                                           vector, own.metric());
}

}  // namespace

const ObjectiveKind& ActivationMatchObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "activation_match",
                                     .check = Check,
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = SumsUp};
  return kind;
}

}  // namespace phosphene
