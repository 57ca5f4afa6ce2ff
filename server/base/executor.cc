// A pool of threads with a queue, and a list of tasks for later.

#include "server/base/executor.h"

#include <chrono>
#include <deque>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "server/base/mutex.h"

namespace phosphene {
namespace {

using Steady = std::chrono::steady_clock;

// Threads take tasks in order; delayed ones join the queue when due. Tasks not
// begun when the pool ends are run, delayed ones are dropped.
class ThreadPool : public Executor {
 public:
  ThreadPool(int threads, size_t max_waiting) : max_waiting_(max_waiting) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
  }

  ~ThreadPool() override {
    {
      MutexLock lock(&mu_);
      stopping_ = true;
      delayed_.clear();
    }
    changed_.SignalAll();
    for (std::thread& thread : threads_) thread.join();
  }

  void Execute(std::function<void()> task) override {
    {
      MutexLock lock(&mu_);
      if (stopping_) return;
      ready_.push_back(std::move(task));
    }
    changed_.Signal();
  }

  bool TryExecute(std::function<void()> task) override {
    {
      MutexLock lock(&mu_);
      if (ready_.size() >= max_waiting_) return false;
      if (stopping_) return true;  // dropped, as any task now
      ready_.push_back(std::move(task));
    }
    changed_.Signal();
    return true;
  }

  void ExecuteAfter(absl::Duration delay, std::function<void()> task) override {
    {
      MutexLock lock(&mu_);
      if (stopping_) return;
      delayed_.emplace(Steady::now() + absl::ToChronoNanoseconds(delay),
                       std::move(task));
    }
    changed_.Signal();
  }

 private:
  void Loop() {
    while (std::function<void()> task = Take()) task();
  }

  // The next task; waits for one. Null: stop.
  std::function<void()> Take() {
    MutexLock lock(&mu_);
    for (;;) {
      const Steady::time_point now = Steady::now();
      while (!delayed_.empty() && delayed_.begin()->first <= now) {
        ready_.push_back(std::move(delayed_.begin()->second));
        delayed_.erase(delayed_.begin());
      }
      if (!ready_.empty()) {
        std::function<void()> task = std::move(ready_.front());
        ready_.pop_front();
        return task;
      }
      if (stopping_) return nullptr;
      if (delayed_.empty()) {
        changed_.Wait(&mu_);
      } else {
        changed_.WaitFor(&mu_, absl::FromChrono(delayed_.begin()->first - now));
      }
    }
  }

  const size_t max_waiting_;
  Mutex mu_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::deque<std::function<void()>> ready_ ABSL_GUARDED_BY(mu_);
  std::multimap<Steady::time_point, std::function<void()>> delayed_
      ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Executor> MakeThreadPool(int threads, size_t max_waiting) {
  return std::make_unique<ThreadPool>(threads, max_waiting);
}

}  // namespace phosphene
