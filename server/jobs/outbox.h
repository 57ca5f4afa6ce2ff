#pragma once

#include <deque>
#include <functional>

#include "server/base/mutex.h"
#include "server/jobs/job_store.h"

namespace phosphene {

// Tells a JobStore's listener of committed changes: in the order of Push, one
// at a time, under no lock. Thread-safe.
//
// A store calls Push while it holds the lock that orders its commits, and
// Deliver after it has released it.
class Outbox {
 public:
  void SetListener(JobStore::Listener listener);
  // Keeps a change for Deliver; drops it when nobody listens.
  void Push(StoredJob change);
  // Calls the listener for what is kept, unless another thread is at it: then
  // that one goes on with it.
  void Deliver();

 private:
  Mutex mu_;
  CondVar idle_;
  JobStore::Listener listener_ ABSL_GUARDED_BY(mu_);
  std::deque<StoredJob> changes_ ABSL_GUARDED_BY(mu_);
  bool delivering_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace phosphene
