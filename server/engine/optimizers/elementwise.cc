// What optimizers share whose state is one tensor per parameter and slot.

#include "server/engine/optimizers/elementwise.h"

#include <algorithm>
#include <utility>

#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

at::TensorOptions OptionsOf(const ParamTensor& parameter) {
  return parameter.value.options().requires_grad(false);
}

// Adds rows of zeros for what the store of a working set has got since.
void Grow(const ParamTensor& parameter, at::Tensor& slot) {
  const int64_t missing = parameter.working->stored - slot.size(0);
  if (missing <= 0) return;
  // By half at least, so that growing costs no more than using.
  std::vector<int64_t> shape = slot.sizes().vec();
  shape[0] = std::max(missing, slot.size(0) / 2);
  slot = at::cat({slot, at::zeros(shape, OptionsOf(parameter))});
}

}  // namespace

ElementwiseOptimizer::ElementwiseOptimizer(std::vector<ParamTensor> parameters,
                                           std::vector<std::string> slots)
    : parameters_(std::move(parameters)), slot_names_(std::move(slots)) {
  for (const ParamTensor& parameter : parameters_) {
    std::vector<at::Tensor>& own = slots_.emplace_back();
    std::vector<int64_t> shape = parameter.value.sizes().vec();
    if (parameter.working != nullptr) shape[0] = 0;
    for (size_t i = 0; i < slot_names_.size(); ++i) {
      own.push_back(at::zeros(shape, OptionsOf(parameter)));
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
    if (parameters_[i].working != nullptr) {
      UpdateWorking(parameters_[i], slots_[i], learning_rate);
    } else {
      Update(value, value.grad().contiguous(), slots_[i], learning_rate);
    }
  }
}

void ElementwiseOptimizer::UpdateWorking(ParamTensor& parameter,
                                         std::vector<at::Tensor>& slots,
                                         double learning_rate) {
  const at::Tensor& rows = parameter.working->rows;
  std::vector<at::Tensor> own;
  for (at::Tensor& slot : slots) {
    Grow(parameter, slot);
    own.push_back(slot.index_select(0, rows));
  }
  Update(parameter.value, parameter.value.grad().contiguous(), own,
         learning_rate);
  for (size_t s = 0; s < slots.size(); ++s)
    slots[s].index_copy_(0, rows, own[s]);
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
      const at::Tensor& slot = slots_[i][s];
      const WorkingSet* working = parameters_[i].working.get();
      state[absl::StrCat(slot_names_[s], "/", parameters_[i].name)] =
          working == nullptr
              ? slot
              : slot.narrow(0, 0, std::min(working->stored, slot.size(0)));
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
      if (parameters_[i].working != nullptr) {
        // As many rows as were worked on by then.
        const auto rows = state.find(key);
        if (rows != state.end() && rows->second.dim() == slot.dim()) {
          std::vector<int64_t> shape = slot.sizes().vec();
          shape[0] = rows->second.size(0);
          slot = at::zeros(shape, OptionsOf(parameters_[i]));
        }
      }
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
