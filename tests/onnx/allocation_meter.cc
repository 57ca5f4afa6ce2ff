#include "tests/onnx/allocation_meter.h"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include <c10/core/CPUAllocator.h>
#include "server/engine/tensor/torch_pch.h"

namespace {

std::atomic<int64_t> held{0}, most{0};

void* Count(void* pointer) {
  if (pointer == nullptr) return nullptr;
  const int64_t now = held += static_cast<int64_t>(malloc_usable_size(pointer));
  int64_t before = most;
  while (now > before && !most.compare_exchange_weak(before, now)) {
  }
  return pointer;
}

void Uncount(void* pointer) {
  if (pointer != nullptr)
    held -= static_cast<int64_t>(malloc_usable_size(pointer));
}

void* Allocate(size_t size, size_t alignment) {
  void* pointer = nullptr;
  if (alignment <= alignof(std::max_align_t)) {
    pointer = std::malloc(size > 0 ? size : 1);
  } else if (posix_memalign(&pointer, alignment, size) != 0) {
    pointer = nullptr;
  }
  if (pointer == nullptr) throw std::bad_alloc();
  return Count(pointer);
}

void Free(void* pointer) {
  Uncount(pointer);
  std::free(pointer);
}

at::DeleterFnPtr inner_deleter = nullptr;

void DeleteTensor(void* pointer) {
  Uncount(pointer);
  inner_deleter(pointer);
}

class MeteredAllocator : public at::Allocator {
 public:
  explicit MeteredAllocator(at::Allocator* inner) : inner_(inner) {
    inner_deleter = inner->raw_deleter();
  }
  at::DataPtr allocate(size_t bytes) override {
    at::DataPtr made = inner_->allocate(bytes);
    Count(made.get());
    (void)made.compare_exchange_deleter(inner_deleter, &DeleteTensor);
    return made;
  }
  at::DeleterFnPtr raw_deleter() const override { return &DeleteTensor; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    inner_->copy_data(to, from, bytes);
  }

 private:
  at::Allocator* const inner_;
};

}  // namespace

void* operator new(size_t size) { return Allocate(size, 1); }
void* operator new[](size_t size) { return Allocate(size, 1); }
void* operator new(size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<size_t>(alignment));
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<size_t>(alignment));
}
// Without these the sanitizer's own would allocate what is freed here.
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return Count(std::malloc(size > 0 ? size : 1));
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return Count(std::malloc(size > 0 ? size : 1));
}
void operator delete(void* pointer) noexcept { Free(pointer); }
void operator delete[](void* pointer) noexcept { Free(pointer); }
void operator delete(void* pointer, size_t) noexcept { Free(pointer); }
void operator delete[](void* pointer, size_t) noexcept { Free(pointer); }
void operator delete(void* pointer, std::align_val_t) noexcept {
  Free(pointer);
}
void operator delete[](void* pointer, std::align_val_t) noexcept {
  Free(pointer);
}
void operator delete(void* pointer, size_t, std::align_val_t) noexcept {
  Free(pointer);
}
void operator delete[](void* pointer, size_t, std::align_val_t) noexcept {
  Free(pointer);
}

namespace phosphene {

AllocationMeter::AllocationMeter() : before_(held) {
  static const bool installed = [] {
    c10::SetCPUAllocator(new MeteredAllocator(c10::GetCPUAllocator()),
                         /*priority=*/2);
    return true;
  }();
  (void)installed;
  most = held.load();
}

int64_t AllocationMeter::peak() const { return most - before_; }

}  // namespace phosphene
