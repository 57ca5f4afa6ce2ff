#include "server/engine/tensor/allocation_limit.h"

#include <algorithm>

#include "server/engine/tensor/torch_pch.h"
#include <c10/core/CPUAllocator.h>

namespace phosphene {
namespace {

thread_local int64_t each_left = INT64_MAX;
thread_local int64_t total_left = INT64_MAX;

// ATen's allocator behind a look at the limits of the thread.
class LimitedAllocator : public at::Allocator {
 public:
  explicit LimitedAllocator(at::Allocator* inner) : inner_(inner) {}

  at::DataPtr allocate(size_t bytes) override {
    const auto asked = static_cast<int64_t>(std::min<uint64_t>(bytes, INT64_MAX));
    const int64_t allowed = std::min(each_left, total_left);
    TORCH_CHECK_WITH(OutOfMemoryError, asked <= allowed, "a tensor of ", asked,
                     " bytes is asked for; allowed here are ", allowed);
    if (total_left != INT64_MAX) total_left -= asked;
    return inner_->allocate(bytes);
  }
  at::DeleterFnPtr raw_deleter() const override { return inner_->raw_deleter(); }
  bool is_simple_data_ptr(const at::DataPtr& pointer) const override {
    return inner_->is_simple_data_ptr(pointer);
  }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    inner_->copy_data(to, from, bytes);
  }

 private:
  at::Allocator* const inner_;
};

// Before main, as no thread may allocate meanwhile. ATen never frees it.
const bool installed = [] {
  c10::SetCPUAllocator(new LimitedAllocator(c10::GetCPUAllocator()), /*priority=*/1);
  return true;
}();

}  // namespace

ScopedAllocationLimit::ScopedAllocationLimit(int64_t each_bytes, int64_t total_bytes)
    : each_before_(each_left),
      total_before_(total_left),
      total_(std::min(total_bytes, total_left)) {
  each_left = std::min(each_left, each_bytes);
  total_left = total_;
}

ScopedAllocationLimit::~ScopedAllocationLimit() {
  each_left = each_before_;
  // What was taken inside counts outside as well.
  total_left = total_before_ == INT64_MAX ? INT64_MAX : total_before_ - (total_ - total_left);
}

}  // namespace phosphene
