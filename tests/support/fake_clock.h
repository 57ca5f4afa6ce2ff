#pragma once

#include <atomic>
#include <cstdint>

#include "server/base/clock.h"

namespace phosphene {

// A clock that stands until it is told to move. Thread-safe.
class FakeClock : public Clock {
 public:
  explicit FakeClock(absl::Time now = absl::FromUnixSeconds(1'700'000'000))
      : nanos_(absl::ToUnixNanos(now)) {}
  absl::Time Now() const override { return absl::FromUnixNanos(nanos_); }
  absl::Duration Steady() const override {
    return absl::Nanoseconds(steady_nanos_.load());
  }
  void Advance(absl::Duration by) {
    nanos_ += absl::ToInt64Nanoseconds(by);
    steady_nanos_ += absl::ToInt64Nanoseconds(by);
  }
  // Somebody sets the clock; no time passes.
  void SetBack(absl::Duration by) { nanos_ -= absl::ToInt64Nanoseconds(by); }

 private:
  std::atomic<int64_t> nanos_;
  std::atomic<int64_t> steady_nanos_ = 0;
};

}  // namespace phosphene
