#include "server/base/clock.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace phosphene {
namespace {

TEST(ClockTest, TheRealClockTellsTheSystemsTime) {
  const absl::Time before = absl::Now();
  const absl::Time now = Clock::Real().Now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, absl::Now());
}

TEST(ClockTest, AFakeClockMovesOnlyWhenTold) {
  FakeClock clock;
  const absl::Time start = clock.Now();
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(absl::Minutes(5));
  EXPECT_EQ(clock.Now(), start + absl::Minutes(5));
}

}  // namespace
}  // namespace phosphene
