#pragma once

#include <set>

#include "server/base/mutex.h"

namespace phosphene {

// Hands out the numbers 0, 1, 2, ...: always the lowest one that is not out.
// Thread-safe.
class LowestFree {
 public:
  int Take() {
    const MutexLock lock(&mu_);
    int number = 0;
    for (const int taken : taken_) {
      if (taken != number) break;
      ++number;
    }
    taken_.insert(number);
    return number;
  }
  void GiveBack(int number) {
    const MutexLock lock(&mu_);
    taken_.erase(number);
  }

 private:
  Mutex mu_;
  std::set<int> taken_ ABSL_GUARDED_BY(mu_);
};

}  // namespace phosphene
