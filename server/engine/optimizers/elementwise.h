#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/engine/optimizers/interface.h"

namespace phosphene {

// Base of optimizers that treat every element alike: state is a few tensors
// shaped like each parameter ("slots", start 0) and the count of steps.
class ElementwiseOptimizer : public OptimizerFn {
 public:
  // `slots` name the state tensors, such as {"m", "v"}.
  ElementwiseOptimizer(std::vector<ParamTensor> parameters,
                       std::vector<std::string> slots);

  void Step(double learning_rate,
            const std::function<at::Tensor()>& evaluate) final;
  at::Tensor Advance(double learning_rate) final;
  void Apply(const at::Tensor& scalars) final;
  // Keys "step" and "SLOT/PARAMETER".
  std::map<std::string, at::Tensor> Save() const final;
  absl::Status Load(const std::map<std::string, at::Tensor>& state) final;

 protected:
  // Called once per step, before the updates; step() counts from 1.
  virtual void Begin() {}
  // Moves one parameter; everything is contiguous, f32 and of one shape.
  virtual void Update(at::Tensor& value, const at::Tensor& gradient,
                      std::vector<at::Tensor>& slots, double learning_rate) = 0;
  // The scalars of this step for UpdateBy, [kScalars] f32 on the CPU; undefined
  // where there is only Update.
  virtual at::Tensor Scalars(double learning_rate) const { return {}; }
  virtual bool has_scalars() const { return false; }
  // As Update, with scalars that lie on the parameter's device.
  virtual void UpdateBy(const at::Tensor& scalars, at::Tensor& value,
                        const at::Tensor& gradient,
                        std::vector<at::Tensor>& slots) {}
  // What a subclass keeps besides the slots.
  virtual void SaveExtra(std::map<std::string, at::Tensor>* state) const {}
  virtual absl::Status LoadExtra(
      const std::map<std::string, at::Tensor>& state) {
    return absl::OkStatus();
  }
  int64_t step() const { return step_; }

 private:
  void UpdateWorking(ParamTensor& parameter, std::vector<at::Tensor>& slots,
                     double learning_rate);

  std::vector<ParamTensor> parameters_;
  std::vector<std::string> slot_names_;
  std::vector<std::vector<at::Tensor>> slots_;  // [parameter][slot]
  int64_t step_ = 0;
};

// The tensor of `key`, if its shape and type are those of `like`; DATA_LOSS
// names what is missing or differs.
absl::StatusOr<at::Tensor> FindState(
    const std::map<std::string, at::Tensor>& state, const std::string& key,
    const at::Tensor& like);

}  // namespace phosphene
