#pragma once

#include <vector>

#include "server/engine/step/parts.h"
#include "server/engine/step/step.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// What the steppers that run one operation at a time share: the optimizer asks
// for the loss and the gradients as often as it likes, and a stepper says how
// they are found.
class EagerStepper : public Stepper {
 public:
  absl::Status Advance(const Lane& lane) override;
  std::vector<double> RowValues() const override { return tally_.RowValues(); }
  std::vector<double> ObjectiveValues() const override {
    return tally_.ObjectiveValues(parts_.objectives);
  }
  void set_times(StepTimes* times) override { times_ = times; }

 protected:
  // Must outlive this.
  explicit EagerStepper(Parts& parts) : parts_(parts) {}

  // What the objectives come to at the lane's step, with the gradient of minus
  // their total in the parameters it depends on; those of all are undefined
  // before. May throw Refused.
  virtual Tally Differentiate(const Lane& lane) = 0;

  Parts& parts() { return parts_; }
  StepTimes* times() { return times_; }

 private:
  at::Tensor Evaluate(const Lane& lane);

  Parts& parts_;
  StepTimes* times_ = nullptr;
  Tally tally_;
};

// A parameter no objective depends on does not move.
void FillGradients(const std::vector<ParamTensor>& parameters);

}  // namespace phosphene
