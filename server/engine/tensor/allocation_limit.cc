// Limits on what a thread allocates and what jobs hold, in front of ATen's CPU
// allocator.

#include "server/engine/tensor/allocation_limit.h"

#include <malloc.h>

#include <algorithm>

#include <c10/core/CPUAllocator.h>
#include "server/engine/tensor/step_context.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {
namespace {

// Of this thread; `held` is what it allocated less what it freed, ever.
thread_local int64_t held = 0;
thread_local int64_t most_each = INT64_MAX;
thread_local int64_t most_held = INT64_MAX;

at::DeleterFnPtr inner_deleter = nullptr;

void Count(int64_t bytes) {
  held += bytes;
  AllocationMeter* const meter = current_step_context.meter;
  if (meter != nullptr) meter->Add(bytes);
}

void Delete(void* pointer) {
  if (pointer != nullptr)
    Count(-static_cast<int64_t>(malloc_usable_size(pointer)));
  inner_deleter(pointer);
}

// ATen's allocator behind a look at the limits of the thread.
class LimitedAllocator : public at::Allocator {
 public:
  explicit LimitedAllocator(at::Allocator* inner) : inner_(inner) {}

  at::DataPtr allocate(size_t bytes) override {
    const auto asked =
        static_cast<int64_t>(std::min<uint64_t>(bytes, INT64_MAX));
    const int64_t allowed = std::min(
        most_each, most_held == INT64_MAX ? INT64_MAX : most_held - held);
    TORCH_CHECK_WITH(OutOfMemoryError, asked <= allowed, "a tensor of ", asked,
                     " bytes is asked for; allowed here are ",
                     std::max<int64_t>(allowed, 0));
    at::DataPtr made = inner_->allocate(bytes);
    if (made.get() != nullptr)
      Count(static_cast<int64_t>(malloc_usable_size(made.get())));
    const bool ours = made.compare_exchange_deleter(inner_deleter, &Delete);
    TORCH_INTERNAL_ASSERT(ours, "the allocator changed its deleter");
    return made;
  }
  at::DeleterFnPtr raw_deleter() const override { return &Delete; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    inner_->copy_data(to, from, bytes);
  }

 private:
  at::Allocator* const inner_;
};

// Before main, as no thread may allocate meanwhile. ATen never frees it.
const bool installed = [] {
  at::Allocator* const inner = c10::GetCPUAllocator();
  inner_deleter = inner->raw_deleter();
  c10::SetCPUAllocator(new LimitedAllocator(inner), /*priority=*/1);
  return true;
}();

}  // namespace

ScopedAllocationLimit::ScopedAllocationLimit(int64_t each_bytes,
                                             int64_t held_bytes)
    : each_before_(most_each), held_before_(most_held) {
  most_each = std::min(most_each, each_bytes);
  if (held_bytes < INT64_MAX)
    most_held = std::min(most_held, held + held_bytes);
}

int64_t HeldBytes() { return held; }

ScopedAllocationLimit::~ScopedAllocationLimit() {
  most_each = each_before_;
  most_held = held_before_;
}

}  // namespace phosphene
