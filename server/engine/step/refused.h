#pragma once

#include "absl/status/status.h"

namespace phosphene {

// Thrown inside a step: a refusal that must cross the optimizer, which knows no
// Status. Steppers catch it and answer with the status.
struct Refused {
  absl::Status status;
};

}  // namespace phosphene
