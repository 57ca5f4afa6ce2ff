#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "absl/time/time.h"
#include "server/base/executor.h"
#include "server/base/mutex.h"

namespace phosphene {

// Runs tasks on the test's thread, when told. Thread-safe.
class ManualExecutor : public Executor {
 public:
  void Execute(std::function<void()> task) override;
  void ExecuteAfter(absl::Duration delay, std::function<void()> task) override;

  // Runs the next task; false when there is none.
  bool RunOne();
  // Runs tasks until there are none; those they add as well.
  void RunAll();
  // Lets time pass: delayed tasks that come due are queued, not run.
  void Advance(absl::Duration by);
  int pending() const;
  int delayed() const;

 private:
  mutable Mutex mu_;
  absl::Duration now_ ABSL_GUARDED_BY(mu_);
  std::deque<std::function<void()>> ready_ ABSL_GUARDED_BY(mu_);
  std::multimap<absl::Duration, std::function<void()>> delayed_
      ABSL_GUARDED_BY(mu_);
};

// An executor that passes everything on to `target`, which must outlive it:
// lets several owners share one ManualExecutor.
std::unique_ptr<Executor> ForwardTo(Executor* target);

}  // namespace phosphene
