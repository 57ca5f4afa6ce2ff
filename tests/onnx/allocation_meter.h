#pragma once

#include <cstdint>

namespace phosphene {

// Measures what this process allocates while it lives, by operator new (which
// allocation_meter.cc replaces for the whole binary) and in tensors. One at a
// time.
class AllocationMeter {
 public:
  AllocationMeter();

  // The most bytes held at once beyond those held at the beginning.
  int64_t peak() const;

 private:
  const int64_t before_;
};

}  // namespace phosphene
