#include "server/scheduler/frame_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "tests/support/manual_executor.h"

namespace phosphene {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FrameWorkerTest : public testing::Test {
 protected:
  void Make(Executor* executor) {
    worker_ = std::make_unique<FrameWorker>(
        executor, [this](const FrameWorker::Picture& picture) {
          done_.push_back(picture.step);
        });
  }
  void Add(int64_t step, bool must = false) {
    worker_->Add({.step = step, .must = must, .image = {1, 1, 1, {0}}});
  }

  ManualExecutor executor_;
  std::vector<int64_t> done_;
  std::unique_ptr<FrameWorker> worker_;
};

TEST_F(FrameWorkerTest, TheNewestReplacesThoseThatWait) {
  Make(&executor_);
  for (int step = 1; step <= 9; ++step) Add(step);
  EXPECT_THAT(done_, IsEmpty());
  executor_.RunAll();
  EXPECT_THAT(done_, ElementsAre(9));
}

TEST_F(FrameWorkerTest, WhatMustBeDoneIsDoneInOrder) {
  Make(&executor_);
  Add(1);
  Add(2, true);
  Add(3);
  Add(4, true);
  Add(5);
  executor_.RunAll();
  EXPECT_THAT(done_, ElementsAre(2, 4, 5));
}

TEST_F(FrameWorkerTest, NoMoreThanAFewWait) {
  Make(&executor_);
  for (int step = 1; step <= 100; ++step) Add(step, true);
  EXPECT_GE(done_.size(), 90u);
  worker_->Flush();
  EXPECT_EQ(done_.size(), 100u);
  EXPECT_TRUE(std::is_sorted(done_.begin(), done_.end()));
}

TEST_F(FrameWorkerTest, FlushLeavesNothing) {
  Make(&executor_);
  Add(1);
  worker_->Flush();
  EXPECT_THAT(done_, ElementsAre(1));
  executor_.RunAll();
  EXPECT_THAT(done_, ElementsAre(1));
}

TEST_F(FrameWorkerTest, WithoutAnExecutorItIsDoneAtOnce) {
  Make(nullptr);
  Add(1);
  EXPECT_THAT(done_, ElementsAre(1));
}

TEST_F(FrameWorkerTest, ItsEndDropsWhatWaits) {
  Make(&executor_);
  Add(1, true);
  worker_.reset();
  executor_.RunAll();
  EXPECT_THAT(done_, IsEmpty());
}

TEST(FrameWorkerThreadsTest, SeveralShareAThread) {
  const auto executor = MakeThreadPool(1);
  std::atomic<int> must = 0;
  std::atomic<bool> in_order = true;
  std::vector<std::unique_ptr<FrameWorker>> workers;
  std::vector<int64_t> last(3, 0);
  for (int i = 0; i < 3; ++i) {
    workers.push_back(std::make_unique<FrameWorker>(
        executor.get(), [&, i](const FrameWorker::Picture& picture) {
          if (picture.step <= last[i]) in_order = false;
          last[i] = picture.step;
          must += picture.must;
        }));
  }
  for (int step = 1; step <= 300; ++step) {
    for (const auto& worker : workers)
      worker->Add({.step = step, .must = step % 3 == 0, .image = {}});
  }
  for (const auto& worker : workers) worker->Flush();
  EXPECT_EQ(must, 300);
  EXPECT_TRUE(in_order);
  EXPECT_EQ(last, std::vector<int64_t>(3, 300));
}

}  // namespace
}  // namespace phosphene
