#pragma once

#include <cstdint>

namespace phosphene {

// Bounds what tensors on the CPU this thread may allocate while it lives: the
// bytes of each one, and of all that it holds at a time. Beyond it allocation
// throws c10::OutOfMemoryError, which Guarded turns into RESOURCE_EXHAUSTED.
// Limits nest; the tighter one holds. For graphs nobody vouches for: operators
// of ATen broadcast two small tensors to any size, and a machine that
// overcommits memory ends the process where a number should have been refused.
// Confined to its thread; work that ATen hands to other threads allocates
// nothing large, and what they free is not seen.
class ScopedAllocationLimit {
 public:
  explicit ScopedAllocationLimit(int64_t each_bytes,
                                 int64_t held_bytes = INT64_MAX);
  ~ScopedAllocationLimit();
  ScopedAllocationLimit(const ScopedAllocationLimit&) = delete;
  ScopedAllocationLimit& operator=(const ScopedAllocationLimit&) = delete;

 private:
  const int64_t each_before_, held_before_;
};

// Bytes of tensors on the CPU that this thread has allocated, less what it has
// freed; the difference of two looks is what was kept in between.
int64_t HeldBytes();

}  // namespace phosphene
