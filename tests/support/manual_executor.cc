#include "tests/support/manual_executor.h"

#include <utility>

namespace phosphene {
namespace {

class ForwardingExecutor : public Executor {
 public:
  explicit ForwardingExecutor(Executor* target) : target_(target) {}
  void Execute(std::function<void()> task) override {
    target_->Execute(std::move(task));
  }
  void ExecuteAfter(absl::Duration delay, std::function<void()> task) override {
    target_->ExecuteAfter(delay, std::move(task));
  }

 private:
  Executor* const target_;
};

}  // namespace

void ManualExecutor::Execute(std::function<void()> task) {
  MutexLock lock(&mu_);
  ready_.push_back(std::move(task));
}

void ManualExecutor::ExecuteAfter(absl::Duration delay,
                                  std::function<void()> task) {
  MutexLock lock(&mu_);
  delayed_.emplace(now_ + delay, std::move(task));
}

bool ManualExecutor::RunOne() {
  std::function<void()> task;
  {
    MutexLock lock(&mu_);
    if (ready_.empty()) return false;
    task = std::move(ready_.front());
    ready_.pop_front();
  }
  task();
  return true;
}

void ManualExecutor::RunAll() {
  while (RunOne()) {
  }
}

void ManualExecutor::Advance(absl::Duration by) {
  MutexLock lock(&mu_);
  now_ += by;
  while (!delayed_.empty() && delayed_.begin()->first <= now_) {
    ready_.push_back(std::move(delayed_.begin()->second));
    delayed_.erase(delayed_.begin());
  }
}

int ManualExecutor::pending() const {
  MutexLock lock(&mu_);
  return ready_.size();
}

int ManualExecutor::delayed() const {
  MutexLock lock(&mu_);
  return delayed_.size();
}

std::unique_ptr<Executor> ForwardTo(Executor* target) {
  return std::make_unique<ForwardingExecutor>(target);
}

}  // namespace phosphene
