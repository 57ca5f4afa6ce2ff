#include "server/jobs/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace phosphene {
namespace {

using testing::ElementsAre;

StoredJob Change(int64_t sequence) {
  StoredJob change;
  change.sequence = sequence;
  return change;
}

TEST(OutboxTest, ChangesAreToldInOrderOnDeliver) {
  Outbox outbox;
  std::vector<int64_t> told;
  outbox.SetListener(
      [&](const StoredJob& job) { told.push_back(job.sequence); });
  outbox.Push(Change(1));
  outbox.Push(Change(2));
  EXPECT_THAT(told, ElementsAre());
  outbox.Deliver();
  EXPECT_THAT(told, ElementsAre(1, 2));
}

TEST(OutboxTest, ChangesBeforeTheListenerAreNotTold) {
  Outbox outbox;
  std::vector<int64_t> told;
  outbox.Push(Change(1));
  outbox.SetListener(
      [&](const StoredJob& job) { told.push_back(job.sequence); });
  outbox.Push(Change(2));
  outbox.Deliver();
  EXPECT_THAT(told, ElementsAre(2));
}

TEST(OutboxTest, AListenerMayMakeChanges) {
  Outbox outbox;
  std::vector<int64_t> told;
  outbox.SetListener([&](const StoredJob& job) {
    told.push_back(job.sequence);
    if (job.sequence < 5) {
      outbox.Push(Change(job.sequence + 1));
      outbox.Deliver();  // goes on after this call, not inside it
    }
    EXPECT_EQ(told.back(), job.sequence);
  });
  outbox.Push(Change(1));
  outbox.Deliver();
  EXPECT_THAT(told, ElementsAre(1, 2, 3, 4, 5));
}

TEST(OutboxTest, ThreadsTellOneAtATimeAndNothingIsLost) {
  Outbox outbox;
  std::atomic<int> inside = 0;
  std::vector<int64_t> told;
  outbox.SetListener([&](const StoredJob& job) {
    EXPECT_EQ(++inside, 1);
    told.push_back(job.sequence);
    --inside;
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) {
        outbox.Push(Change(n));
        outbox.Deliver();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  outbox.SetListener(nullptr);
  EXPECT_EQ(told.size(), 400u);
}

}  // namespace
}  // namespace phosphene
