#pragma once

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"

namespace phosphene {

// Reason of an UNAVAILABLE status: the device answers nothing more until the
// process starts anew. Nothing is wrong with the job that met it.
inline constexpr absl::string_view kDeviceBroken = "DEVICE_BROKEN";

// A status of that kind. It is told apart by a payload, not by its words.
inline absl::Status DeviceBrokenError(absl::string_view message) {
  absl::Status status = absl::UnavailableError(message);
  status.SetPayload(kDeviceBroken, absl::Cord(message));
  return status;
}

inline bool IsDeviceBroken(const absl::Status& status) {
  return status.GetPayload(kDeviceBroken).has_value();
}

}  // namespace phosphene
