// One step of the whole image: image, transforms, network, objectives,
// backward.

#include "server/engine/step/whole.h"

#include "server/engine/objectives/shared/terms.h"
#include "server/engine/tensor/step_context.h"

namespace phosphene {

void WholeStepper::set_times(StepTimes* times) {
  EagerStepper::set_times(times);
  sight_.set_times(times);
}

at::Tensor WholeStepper::Losses(const Lane& lane, Tally* tally) {
  StepView view = sight_.View(sight_.Image(lane), lane);
  const std::map<std::string, at::Tensor> activations =
      sight_.Activations(view.input, lane);
  view.activations = &activations;
  const StepTimer timer(times(), &StepTimes::objectives);
  at::Tensor total;
  tally->values.clear();
  for (const ObjectivePart& part : parts().objectives) {
    if (total.defined()) view.so_far = total.detach();
    const at::Tensor value = part.fn->Value(view);
    tally->values.push_back(value.detach());
    const at::Tensor share = ApplyShare(part.share, value);
    total = total.defined() ? total + share : share;
  }
  const at::Tensor losses = total.neg();
  tally->total = losses.detach().neg();
  return losses;
}

Tally WholeStepper::Differentiate(const Lane& lane) {
  const RedirectScope redirect(Redirects(lane));
  Tally tally;
  const at::Tensor losses = Losses(lane, &tally);
  if (losses.requires_grad()) {
    const StepTimer timer(times(), &StepTimes::backward);
    losses.sum().backward();
  }
  return tally;
}

}  // namespace phosphene
