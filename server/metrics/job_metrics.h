#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/jobs/job_store.h"

namespace prometheus {
class Registry;
}

namespace phosphene {

// "low", "normal" or "high": below, at and above priority 0. Labels carry the
// class, not the number, so that there are few of them.
const char* PriorityClass(int priority);

// What happens to jobs, as metrics: phosphene_jobs_submitted_total{class},
// jobs_finished_total{state,reason}, job_queue_seconds, job_run_seconds{state},
// job_attempts, lease_lost_total, admission_rejected_total{reason},
// store_txn_seconds{op} and engine_steps_total. Thread-safe.
class JobMetrics {
 public:
  // `registry` must outlive this.
  explicit JobMetrics(prometheus::Registry& registry);
  ~JobMetrics();

  void Submitted(int priority);
  void Rejected(absl::string_view reason);
  // An attempt began.
  void Started(const v1::Job& job);
  // The job is in its last state now.
  void Ended(const v1::Job& job);
  // A worker's write was refused: the job is no longer its.
  void LeaseLost();
  void Transaction(const char* op, absl::Duration took);
  void Steps(int64_t count);

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace phosphene
