// What the objectives came to, told as numbers.

#include "server/engine/step/tally.h"

#include <algorithm>
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

absl::Status Tally::CheckFinite(
    int64_t step, const std::vector<ObjectivePart>& objectives) const {
  const std::vector<double> rows = RowValues();
  if (std::all_of(rows.begin(), rows.end(),
                  [](double value) { return std::isfinite(value); })) {
    return absl::OkStatus();
  }
  for (size_t i = 0; i < values.size() && i < objectives.size(); ++i) {
    if (at::isfinite(values[i]).all().item<bool>()) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "the objective is not finite at step ", step, ": its term ",
        objectives[i].label, " (spec.objectives[", i,
        "]) is not; a smaller learning rate (spec.optimizer.learning_rate, "
        "--lr), or a lower power in that term, may help"));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "the objective is not finite at step ", step,
      ": its terms are, their weighted sum is not; smaller weights "
      "(spec.objectives[*].weight) may help"));
}

}  // namespace phosphene
