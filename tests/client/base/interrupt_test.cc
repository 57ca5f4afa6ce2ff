#include "client/base/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>

namespace phosphene::client {
namespace {

TEST(Interrupts, AreCountedInsteadOfDiedOf) {
  const Interrupts interrupts(2);
  EXPECT_EQ(Interrupts::Count(), 0);
  std::raise(SIGINT);
  std::raise(SIGINT);
  EXPECT_EQ(Interrupts::Count(), 2);
}

TEST(Interrupts, NestedOnesLeaveTheOuterInPlace) {
  const Interrupts outer(3);
  std::raise(SIGINT);
  {
    const Interrupts inner(1);
    EXPECT_EQ(Interrupts::Count(), 1);
    std::raise(SIGINT);
  }
  EXPECT_EQ(Interrupts::Count(), 2);
}

TEST(InterruptsDeathTest, OneMoreThanSwallowedEndsTheProcess) {
  EXPECT_EXIT(
      {
        const Interrupts interrupts(1);
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace phosphene::client
