#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "server/engine/step/parts.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// What the objectives came to in a step, before its update; on any device.
struct Tally {
  at::Tensor total;                // [rows], their weighted sum, detached
  std::vector<at::Tensor> values;  // [rows] of each, unweighted, detached

  // One per row; none before the first step.
  std::vector<double> RowValues() const;
  // One per objective: the mean over the rows it sees.
  std::vector<double> ObjectiveValues(
      const std::vector<ObjectivePart>& objectives) const;
  // INVALID_ARGUMENT where a row is not finite: the message says at which step
  // and which of the objectives made it so.
  absl::Status CheckFinite(int64_t step,
                           const std::vector<ObjectivePart>& objectives) const;
};

}  // namespace phosphene
