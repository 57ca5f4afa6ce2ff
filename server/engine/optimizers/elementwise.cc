// What optimizers share whose state is one tensor per parameter and slot.

#include "server/engine/optimizers/elementwise.h"

#include <utility>

#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace phosphene {

ElementwiseOptimizer::ElementwiseOptimizer(std::vector<ParamTensor> parameters,
                                           std::vector<std::string> slots)
    : parameters_(std::move(parameters)), slot_names_(std::move(slots)) {
  for (const ParamTensor& parameter : parameters_) {
    std::vector<at::Tensor>& own = slots_.emplace_back();
    for (size_t i = 0; i < slot_names_.size(); ++i) {
      own.push_back(at::zeros(parameter.value.sizes(),
                              parameter.value.options().requires_grad(false)));
    }
  }
}

void ElementwiseOptimizer::Step(double learning_rate,
                                const std::function<at::Tensor()>& evaluate) {
  evaluate();
  const at::NoGradGuard no_grad;
  ++step_;
  Begin();
  for (size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor& value = parameters_[i].value;
    if (!value.grad().defined()) continue;
    Update(value, value.grad().contiguous(), slots_[i], learning_rate);
  }
}

at::Tensor ElementwiseOptimizer::Advance(double learning_rate) {
  if (!has_scalars()) return {};
  ++step_;
  Begin();
  return Scalars(learning_rate);
}

void ElementwiseOptimizer::Apply(const at::Tensor& scalars) {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor& value = parameters_[i].value;
    if (!value.grad().defined()) continue;
    UpdateBy(scalars, value, value.grad().contiguous(), slots_[i]);
  }
}

std::map<std::string, at::Tensor> ElementwiseOptimizer::Save() const {
  std::map<std::string, at::Tensor> state;
  state["step"] = at::full({1}, step_, at::kLong);
  for (size_t i = 0; i < parameters_.size(); ++i) {
    for (size_t s = 0; s < slot_names_.size(); ++s) {
      state[absl::StrCat(slot_names_[s], "/", parameters_[i].name)] =
          slots_[i][s];
    }
  }
  SaveExtra(&state);
  return state;
}

absl::Status ElementwiseOptimizer::Load(
    const std::map<std::string, at::Tensor>& state) {
  ASSIGN_OR_RETURN(const at::Tensor step,
                   FindState(state, "step", at::empty({1}, at::kLong)));
  for (size_t i = 0; i < parameters_.size(); ++i) {
    for (size_t s = 0; s < slot_names_.size(); ++s) {
      at::Tensor& slot = slots_[i][s];
      const std::string key =
          absl::StrCat(slot_names_[s], "/", parameters_[i].name);
      ASSIGN_OR_RETURN(const at::Tensor saved, FindState(state, key, slot));
      slot.copy_(saved);
    }
  }
  step_ = step.item<int64_t>();
  return LoadExtra(state);
}

absl::StatusOr<at::Tensor> FindState(
    const std::map<std::string, at::Tensor>& state, const std::string& key,
    const at::Tensor& like) {
  const auto found = state.find(key);
  if (found == state.end()) {
    return absl::DataLossError(
        absl::StrCat("checkpoint lacks optimizer state \"", key, "\""));
  }
  if (found->second.sizes() != like.sizes() ||
      found->second.scalar_type() != like.scalar_type()) {
    return absl::DataLossError(absl::StrCat(
        "optimizer state \"", key, "\" of the checkpoint has another shape"));
  }
  return found->second;
}

}  // namespace phosphene
