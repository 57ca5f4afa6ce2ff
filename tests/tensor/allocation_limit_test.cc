#include "server/engine/tensor/allocation_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/tensor/guard.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {
namespace {

using testing::HasSubstr;

absl::Status Allocate(int64_t floats) {
  return Guarded("allocating", [floats] { at::zeros({floats}); });
}

TEST(AllocationLimitTest, WithoutALimitNothingIsRefused) {
  EXPECT_TRUE(Allocate(1 << 20).ok());
}

TEST(AllocationLimitTest, ATensorBeyondTheLimitIsRefusedWithBothNumbers) {
  const ScopedAllocationLimit limit(4000);
  EXPECT_TRUE(Allocate(1000).ok());
  const absl::Status status = Allocate(1001);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("4004 bytes is asked for; allowed here are 4000"));
}

TEST(AllocationLimitTest, ABroadcastCannotEscape) {
  const at::Tensor column = at::zeros({100'000, 1}),
                   row = at::zeros({1, 100'000});
  const ScopedAllocationLimit limit(1 << 20);
  EXPECT_EQ(Guarded("adding", [&] { at::add(column, row); }).code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(AllocationLimitTest, WhatIsHeldCountsAndWhatIsFreedNoLonger) {
  const ScopedAllocationLimit limit(1 << 20, 1 << 20);
  at::Tensor half = at::zeros({1 << 17});
  EXPECT_FALSE(Allocate(1 << 18).ok());
  EXPECT_TRUE(Allocate(1 << 16).ok());
  half.reset();
  EXPECT_TRUE(Allocate(3 << 16).ok());
}

TEST(AllocationLimitTest, TheTighterOfNestedLimitsHolds) {
  const ScopedAllocationLimit outer(1 << 20, 1 << 20);
  {
    const ScopedAllocationLimit inner(1 << 30, 1 << 14);
    EXPECT_FALSE(Allocate(1 << 13).ok());
    EXPECT_TRUE(Allocate(1 << 10).ok());
  }
  EXPECT_TRUE(Allocate(1 << 13).ok());
  const ScopedAllocationLimit inner(1 << 30, 1 << 30);
  EXPECT_FALSE(Allocate(1 << 19).ok());
}

TEST(AllocationLimitTest, ALimitEndsWithItsScope) {
  { const ScopedAllocationLimit limit(0, 0); }
  EXPECT_TRUE(Allocate(1000).ok());
}

}  // namespace
}  // namespace phosphene
