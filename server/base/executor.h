#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <utility>

#include "absl/time/time.h"

namespace phosphene {

// Runs tasks later, on threads of its own; injected so that tests run them by
// hand (tests/support/manual_executor.h). Thread-safe.
class Executor {
 public:
  virtual ~Executor() = default;
  // Queues a task. One thread runs its tasks in this order. Tasks must not
  // throw.
  virtual void Execute(std::function<void()> task) = 0;
  // Queues a task unless as many wait as may; false: it was not taken. For work
  // that can be refused.
  virtual bool TryExecute(std::function<void()> task) {
    Execute(std::move(task));
    return true;
  }
  // Queues it once `delay` has passed.
  virtual void ExecuteAfter(absl::Duration delay,
                            std::function<void()> task) = 0;
};

// An executor of `threads` (>= 1) threads; TryExecute refuses while
// `max_waiting` tasks wait. Its destructor runs what is queued, drops what is
// still delayed, and joins; tasks queued meanwhile are dropped.
std::unique_ptr<Executor> MakeThreadPool(
    int threads, size_t max_waiting = std::numeric_limits<size_t>::max());

}  // namespace phosphene
