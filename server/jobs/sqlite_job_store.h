#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/jobs/job_store.h"

namespace phosphene {

struct SqliteJobStoreOptions {
  // Folder of `jobs.db` and `lock`; made when absent.
  std::string directory;
  // Jobs that may wait; more are refused. Default 10000.
  int max_queued_jobs = 10'000;
  // Must outlive the store.
  const Clock* clock = &Clock::Real();
};

// A JobStore in a SQLite file, for one server. A commit is on the disk when
// its call returns. FAILED_PRECONDITION: another phosphened uses the folder, or
// the file was written by a newer one.
absl::StatusOr<std::unique_ptr<JobStore>> OpenSqliteJobStore(
    const SqliteJobStoreOptions& options);

}  // namespace phosphene
