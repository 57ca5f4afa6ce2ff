// The optimizer's side of a step that runs one operation at a time.

#include "server/engine/step/eager.h"

#include "server/engine/optimizers/normalize.h"
#include "server/engine/step/refused.h"
#include "server/engine/transforms/interface.h"

namespace phosphene {

void FillGradients(const std::vector<ParamTensor>& parameters) {
  for (const ParamTensor& tensor : parameters) {
    if (!tensor.value.grad().defined())
      tensor.value.mutable_grad() = at::zeros_like(tensor.value);
  }
}

at::Tensor EagerStepper::Evaluate(const Lane& lane) {
  for (const ParamTensor& tensor : parts_.param->Tensors())
    tensor.value.mutable_grad().reset();
  tally_ = Differentiate(lane);
  const absl::Status finite = tally_.CheckFinite(lane.step, parts_.objectives);
  if (!finite.ok()) throw Refused{finite};
  FillGradients(parts_.param->Tensors());
  const v1::Optimizer& optimizer = lane.spec->optimizer();
  NormalizeGradients(
      optimizer.normalize_gradient(), parts_.param->Tensors(),
      optimizer.correlate_gradient() && Wraps(lane.spec->transforms()));
  if (optimizer.correlate_gradient()) CorrelateColors(parts_.param->Tensors());
  return tally_.total.neg();
}

absl::Status EagerStepper::Advance(const Lane& lane) {
  double all = 0, evaluating = 0;
  try {
    const StepTimer timer(&all);
    parts_.optimizer->Step(lane.rate, [&] {
      const StepTimer timer(&evaluating);
      return Evaluate(lane);
    });
  } catch (const Refused& refused) {
    return refused.status;
  }
  if (times_ != nullptr) times_->optimizer += all - evaluating;
  return absl::OkStatus();
}

}  // namespace phosphene
