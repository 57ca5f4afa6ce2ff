#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/jobs/job_store.h"
#include "server/jobs/sqlite_db.h"

namespace phosphene {

// Workers lost since the last checkpoint from which on a job is suspected of
// killing them.
inline constexpr int kSuspectCrashes = 2;

// A job as the tables hold it: a narrow row of `job`, and what may be large
// (error, artifacts, warnings) in `job_outcome`. The spec, larger still, is in
// `job_spec` and loaded apart; here `job.spec` has the model alone.
struct JobRow {
  int64_t id = 0;
  v1::Job job;
  int64_t changes = 0;
  int64_t revision = 0;
  int crashes = 0;

  // As it was loaded: what a save expects to find still.
  v1::Job::State stored_state = v1::Job::STATE_UNSPECIFIED;
  int stored_attempt = 0;
  std::string stored_outcome;
  // Why it does not parse, "" when it does. `job` is then made of the columns
  // that repeat it.
  std::string damage;

  int64_t sequence() const { return changes * kSequencesPerChange; }
  bool suspect() const { return crashes >= kSuspectCrashes; }
};

// The columns RowOf reads, of `job LEFT JOIN job_outcome`.
extern const char kJobColumns[];
JobRow RowOf(const SqlRow& from);

// What `job.proto` and `job_outcome.outcome` hold of a job.
std::string NarrowBytes(const v1::Job& job);
std::string OutcomeBytes(const v1::Job& job);
// The column `model`.
absl::string_view ModelOf(const v1::JobSpec& spec);
// Equal only for the same revision of the same job; a name may be used again.
std::string EtagOf(const JobRow& row);

// For listeners and events.
StoredJob ToStoredWithoutSpec(const JobRow& row);

// DATA_LOSS: the job cannot be read, which is told apart from a damaged file by
// its reason, JOB_DAMAGED. IsDamagedJob recognizes it.
absl::Status DamagedJob(absl::string_view name, absl::string_view what);
bool IsDamagedJob(const absl::Status& status);
// Such a job, as it is told and as it will be stored: FAILED, because of `why`.
v1::Job CondemnedJob(const JobRow& row, const absl::Status& why);

// NOT_FOUND naming the job.
absl::Status MissingJob(absl::string_view name);
// ABORTED: the attempt is not the job's, or not with a worker any more.
absl::Status Fenced(absl::string_view name, int attempt);

}  // namespace phosphene
