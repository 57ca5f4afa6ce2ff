#pragma once

#include <atomic>
#include <cstdint>

namespace phosphene {

// Memory of the requests that are being worked on or wait for it, all calls
// together. Without it a few hundred large requests at once, each within its
// limit, would take gigabytes. Thread-safe.
class RequestBudget {
 public:
  explicit RequestBudget(int64_t bytes) : bytes_(bytes) {}

  // Takes `bytes` until Give; false where that is more than is left. A request
  // alone always fits.
  bool Take(int64_t bytes) {
    const int64_t before = taken_.fetch_add(bytes, std::memory_order_relaxed);
    if (before == 0 || before + bytes <= bytes_) return true;
    Give(bytes);
    return false;
  }
  void Give(int64_t bytes) {
    taken_.fetch_sub(bytes, std::memory_order_relaxed);
  }

 private:
  const int64_t bytes_;
  std::atomic<int64_t> taken_ = 0;
};

}  // namespace phosphene
