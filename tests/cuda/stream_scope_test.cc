#include "server/engine/cuda/stream_scope.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "server/engine/cuda/lowest_free.h"

namespace phosphene {
namespace {

TEST(LowestFree, GivesTheLowestNumberThatIsNotOut) {
  LowestFree numbers;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(numbers.Take(), i);
  numbers.GiveBack(3);
  numbers.GiveBack(1);
  EXPECT_EQ(numbers.Take(), 1);
  EXPECT_EQ(numbers.Take(), 3);
  EXPECT_EQ(numbers.Take(), 5);
}

// As many numbers are ever used as were out at once, however many come and go:
// each costs warm memory on a GPU.
TEST(LowestFree, UsesAsManyAsAreOutAtOnce) {
  LowestFree numbers;
  int highest = 0;
  for (int job = 0; job < 100; ++job) {
    const int a = numbers.Take(), b = numbers.Take();
    highest = std::max({highest, a, b});
    numbers.GiveBack(job % 2 == 0 ? a : b);
    numbers.GiveBack(job % 2 == 0 ? b : a);
  }
  EXPECT_EQ(highest, 1);
}

TEST(LowestFree, GivesNoNumberToTwoThreads) {
  constexpr int kThreads = 4, kEach = 200;
  LowestFree numbers;
  std::vector<std::vector<int>> taken(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&numbers, &own = taken[static_cast<size_t>(t)]] {
        for (int i = 0; i < kEach; ++i) own.push_back(numbers.Take());
      });
    }
  }
  std::vector<int> all;
  for (const auto& own : taken) all.insert(all.end(), own.begin(), own.end());
  std::sort(all.begin(), all.end());
  for (int i = 0; i < kThreads * kEach; ++i)
    EXPECT_EQ(all[static_cast<size_t>(i)], i);
}

// What runs on the CPU has scopes as well, of no GPU.
TEST(CudaStreamScope, OfNoGpuChangesNothingAndNests) {
  const CudaStreamLease none(-1);
  EXPECT_EQ(none.index(), -1);
  const CudaStreamScope outer(none), inner(none);
}

}  // namespace
}  // namespace phosphene
