#include "server/engine/tensor/guard.h"

#include <new>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(GuardTest, OtherExceptionsAreInternal) {
  EXPECT_EQ(Guarded("op", [] { throw std::runtime_error("odd"); }).code(),
            absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace phosphene
