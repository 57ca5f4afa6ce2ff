// Committed changes on their way to the listener, in order.

#include "server/jobs/outbox.h"

#include <utility>

namespace phosphene {

void Outbox::SetListener(JobStore::Listener listener) {
  MutexLock lock(&mu_);
  changes_.clear();
  while (delivering_) idle_.Wait(&mu_);
  listener_ = std::move(listener);
}

void Outbox::Push(StoredJob change) {
  MutexLock lock(&mu_);
  if (listener_) changes_.push_back(std::move(change));
}

void Outbox::Deliver() {
  MutexLock lock(&mu_);
  if (delivering_) return;
  delivering_ = true;
  while (!changes_.empty()) {
    const StoredJob change = std::move(changes_.front());
    changes_.pop_front();
    const JobStore::Listener listener = listener_;
    mu_.Unlock();
    listener(change);
    mu_.Lock();
  }
  delivering_ = false;
  idle_.SignalAll();
}

}  // namespace phosphene
