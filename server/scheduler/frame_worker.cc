// Pictures, worked on one after the other beside the steps that made them.

#include "server/scheduler/frame_worker.h"

#include <deque>
#include <utility>

#include "server/base/mutex.h"

namespace phosphene {
namespace {

// Pictures that must be worked on and wait, each some hundred kilobytes.
constexpr size_t kMaxWaiting = 4;

}  // namespace

struct FrameWorker::Core {
  explicit Core(std::function<void(Picture)> todo) : work(std::move(todo)) {}

  // Works on the first that waits, without the lock meanwhile.
  void WorkOnFirst() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    Picture picture = std::move(waiting.front());
    waiting.pop_front();
    busy = true;
    mu.Unlock();
    work(std::move(picture));
    mu.Lock();
    busy = false;
    changed.SignalAll();
  }
  // Until at most so many wait and, for none, none is at work.
  void Drain(size_t most) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    while (waiting.size() > most || (most == 0 && busy)) {
      if (busy) {
        changed.Wait(&mu);
      } else {
        WorkOnFirst();
      }
    }
  }

  const std::function<void(Picture)> work;
  Mutex mu;
  CondVar changed;
  std::deque<Picture> waiting ABSL_GUARDED_BY(mu);
  bool busy ABSL_GUARDED_BY(mu) = false;
};

FrameWorker::FrameWorker(Executor* executor, std::function<void(Picture)> work)
    : executor_(executor), core_(std::make_shared<Core>(std::move(work))) {}

FrameWorker::~FrameWorker() {
  MutexLock lock(&core_->mu);
  core_->waiting.clear();
  while (core_->busy) core_->changed.Wait(&core_->mu);
}

void FrameWorker::Add(Picture picture) {
  {
    Core& core = *core_;
    MutexLock lock(&core.mu);
    if (!core.waiting.empty() && !core.waiting.back().must)
      core.waiting.pop_back();
    core.waiting.push_back(std::move(picture));
    core.Drain(executor_ == nullptr ? 0 : kMaxWaiting);
    if (core.waiting.empty()) return;
  }
  // One picture a task, so that jobs take turns.
  executor_->Execute([core = core_] {
    MutexLock lock(&core->mu);
    if (!core->waiting.empty() && !core->busy) core->WorkOnFirst();
  });
}

void FrameWorker::Flush() {
  MutexLock lock(&core_->mu);
  core_->Drain(0);
}

}  // namespace phosphene
