#pragma once

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace phosphene {

// Where time comes from; injected so that tests step it by hand. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, for timestamps and for nothing else: it may be set back.
  virtual absl::Time Now() const = 0;
  // Time since some moment before, for durations, deadlines and leases: never
  // set, never goes back.
  virtual absl::Duration Steady() const = 0;

  // The machine's clock; never destroyed.
  static const Clock& Real();
};

}  // namespace phosphene
