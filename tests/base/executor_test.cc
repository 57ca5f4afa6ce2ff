#include "server/base/executor.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "server/base/mutex.h"

namespace phosphene {
namespace {

// A number several threads count up and one waits for.
class Counter {
 public:
  void Add() {
    MutexLock lock(&mu_);
    ++count_;
    changed_.SignalAll();
  }
  void WaitFor(int count) {
    MutexLock lock(&mu_);
    while (count_ < count) changed_.Wait(&mu_);
  }
  int get() {
    MutexLock lock(&mu_);
    return count_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  int count_ ABSL_GUARDED_BY(mu_) = 0;
};

TEST(ThreadPoolTest, OneThreadKeepsTheOrder) {
  std::vector<int> order;
  {
    const std::unique_ptr<Executor> pool = MakeThreadPool(1);
    for (int i = 0; i < 100; ++i) {
      pool->Execute([&order, i] { order.push_back(i); });
    }
  }
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
}

TEST(ThreadPoolTest, AsManyWaitAsMay) {
  Counter begun, done;
  {
    const std::unique_ptr<Executor> pool = MakeThreadPool(1, 2);
    Counter open;
    ASSERT_TRUE(pool->TryExecute([&] {
      begun.Add();
      open.WaitFor(1);
    }));
    begun.WaitFor(1);  // it no longer waits
    EXPECT_TRUE(pool->TryExecute([&] { done.Add(); }));
    EXPECT_TRUE(pool->TryExecute([&] { done.Add(); }));
    EXPECT_FALSE(pool->TryExecute([&] { done.Add(); }));
    pool->Execute([&] { done.Add(); });  // what must run runs
    open.Add();
    done.WaitFor(3);
    EXPECT_TRUE(pool->TryExecute([&] { done.Add(); }));
  }
  EXPECT_EQ(done.get(), 4);
}

TEST(ThreadPoolTest, TasksRunSideBySide) {
  Counter arrived;
  const std::unique_ptr<Executor> pool = MakeThreadPool(2);
  for (int i = 0; i < 2; ++i) {
    pool->Execute([&] {
      arrived.Add();
      arrived.WaitFor(2);  // for ever, were there one thread
    });
  }
  arrived.WaitFor(2);
}

TEST(ThreadPoolTest, TasksRunOffTheCallersThread) {
  std::thread::id ran;
  {
    const std::unique_ptr<Executor> pool = MakeThreadPool(1);
    pool->Execute([&] { ran = std::this_thread::get_id(); });
  }
  EXPECT_NE(ran, std::thread::id());
  EXPECT_NE(ran, std::this_thread::get_id());
}

TEST(ThreadPoolTest, DelayedTasksRunInTheOrderOfTheirTimes) {
  std::vector<int> order;
  Counter done;
  const std::unique_ptr<Executor> pool = MakeThreadPool(1);
  pool->ExecuteAfter(absl::Milliseconds(5), [&] {
    order.push_back(2);
    done.Add();
  });
  pool->ExecuteAfter(absl::Milliseconds(1), [&] {
    order.push_back(1);
    done.Add();
  });
  done.WaitFor(2);
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(ThreadPoolTest, TheEndRunsWhatIsQueuedAndDropsWhatIsDelayed) {
  Counter ran;
  {
    const std::unique_ptr<Executor> pool = MakeThreadPool(1);
    pool->ExecuteAfter(absl::Hours(1), [&] { ran.Add(); });
    for (int i = 0; i < 10; ++i) pool->Execute([&] { ran.Add(); });
  }
  EXPECT_EQ(ran.get(), 10);
}

}  // namespace
}  // namespace phosphene
