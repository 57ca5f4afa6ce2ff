#include "server/engine/tensor/guard.h"

#include <new>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/broken_device.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(GuardTest, WorkThatEndsWellIsOk) {
  bool ran = false;
  EXPECT_TRUE(Guarded("work", [&] { ran = true; }).ok());
  EXPECT_TRUE(ran);
}

TEST(GuardTest, OutOfMemoryIsResourceExhausted) {
  EXPECT_EQ(Guarded("work", [] { throw std::bad_alloc(); }).code(),
            absl::StatusCode::kResourceExhausted);
  // ATen's CPU allocator says it in words.
  EXPECT_EQ(Guarded("work", [] { at::empty({int64_t{1} << 56}); }).code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(GuardTest, TensorErrorsAreInternalAndSayWhere) {
  const absl::Status status =
      Guarded("op Add", [] { at::add(at::ones({2}), at::ones({3})); });
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), StartsWith("op Add: "));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("frame #")));
}

TEST(GuardTest, MissingImplementationsAreUnimplemented) {
  EXPECT_EQ(
      Guarded("op", [] { TORCH_CHECK_NOT_IMPLEMENTED(false, "not here"); })
          .code(),
      absl::StatusCode::kUnimplemented);
}

absl::Status OfCudaError(int code) {
  return Guarded("step", [code] {
    throw c10::AcceleratorError({"f", "file", 1}, code, "CUDA error: it ends");
  });
}

// Nothing is wrong with the job then: it goes back to the queue.
TEST(GuardTest, ErrorsAfterWhichAGpuDoesNothingMoreSayThatItIsBroken) {
  for (const int code : {214, 700, 710, 716, 719}) {
    const absl::Status status = OfCudaError(code);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_TRUE(IsDeviceBroken(status)) << code;
    EXPECT_THAT(std::string(status.message()), HasSubstr("step: CUDA error"));
  }
}

TEST(GuardTest, ErrorsOfACallAloneBreakNoGpu) {
  // Invalid value, invalid configuration, operations refused while recording.
  for (const int code : {1, 9, 900, 906}) {
    const absl::Status status = OfCudaError(code);
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_FALSE(IsDeviceBroken(status)) << code;
  }
  EXPECT_FALSE(IsDeviceBroken(absl::UnavailableError("the network is away")));
}

TEST(GuardTest, OtherExceptionsAreInternal) {
  EXPECT_EQ(Guarded("op", [] { throw std::runtime_error("odd"); }).code(),
            absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace phosphene
