// What the objectives came to, told as numbers.

#include "server/engine/step/tally.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace phosphene {

std::vector<double> Tally::RowValues() const {
  if (!total.defined()) return {};
  const at::Tensor rows = total.to(at::kCPU, at::kDouble).contiguous();
  return {rows.const_data_ptr<double>(),
          rows.const_data_ptr<double>() + rows.numel()};
}

std::vector<double> Tally::ObjectiveValues(
    const std::vector<ObjectivePart>& objectives) const {
  std::vector<double> out;
  for (size_t i = 0; i < values.size(); ++i) {
    const v1::Objective& share = objectives[i].share;
    out.push_back(share.has_row() ? values[i][share.row()].item<double>()
                                  : values[i].mean(at::kDouble).item<double>());
  }
  return out;
}

absl::Status Tally::CheckFinite(int64_t step) const {
  for (const double value : RowValues()) {
    if (std::isfinite(value)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "the objective is not finite (", value, ") at step ", step,
        "; a smaller spec.optimizer.learning_rate or other weights may help"));
  }
  return absl::OkStatus();
}

}  // namespace phosphene
