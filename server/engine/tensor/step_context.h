#pragma once

#include <atomic>
#include <cstdint>

namespace phosphene {

// Bytes of tensors that belong to a job: those it holds, and the most it ever
// held. Fed by ATen's CPU allocator (allocation_limit.cc) on every thread that
// works on the job. Thread-safe.
class AllocationMeter {
 public:
  void Add(int64_t bytes) {
    const int64_t now = held_.fetch_add(bytes, std::memory_order_relaxed);
    int64_t peak = peak_.load(std::memory_order_relaxed);
    while (now + bytes > peak &&
           !peak_.compare_exchange_weak(peak, now + bytes,
                                        std::memory_order_relaxed)) {
    }
  }
  int64_t held() const { return held_.load(std::memory_order_relaxed); }
  int64_t peak() const { return peak_.load(std::memory_order_relaxed); }
  // The peak counts from now on.
  void ResetPeak() { peak_.store(held(), std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> held_ = 0, peak_ = 0;
};

// What the tensor work of a thread belongs to. Whoever hands parts of it to
// other threads hands this on as well, see StepContextScope.
struct StepContext {
  // ReLUs that would pass no gradient at all to an item of the batch pass the
  // redirected one; read in the backward pass.
  bool redirect_relu = false;
  // Counts the memory; null: nobody does.
  AllocationMeter* meter = nullptr;
};

// Of this thread.
inline thread_local StepContext current_step_context;

// Makes a context this thread's while it lives; scopes nest.
class StepContextScope {
 public:
  explicit StepContextScope(StepContext context)
      : before_(current_step_context) {
    current_step_context = context;
  }
  ~StepContextScope() { current_step_context = before_; }
  StepContextScope(const StepContextScope&) = delete;
  StepContextScope& operator=(const StepContextScope&) = delete;

 private:
  const StepContext before_;
};

// Switches the redirection alone.
class RedirectScope {
 public:
  explicit RedirectScope(bool on) : scope_({on, current_step_context.meter}) {}

 private:
  const StepContextScope scope_;
};

// Memory that is not the job's, such as networks, which others share.
class UnmeteredScope {
 public:
  UnmeteredScope() : scope_({current_step_context.redirect_relu, nullptr}) {}

 private:
  const StepContextScope scope_;
};

}  // namespace phosphene
