// The part of SqliteJobStore that workers use.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/utf8.h"
#include "server/jobs/job_error.h"
#include "server/jobs/proto_time.h"
#include "server/jobs/sqlite_job_store_impl.h"

namespace phosphene {
namespace {

// Warnings of all attempts together; they are kept in the row.
constexpr int kMaxWarnings = 100;
constexpr size_t kMaxWarning = 500;

void AddWarnings(const std::vector<std::string>& warnings, v1::Job& job) {
  for (const std::string& warning : warnings) {
    const std::string text = ToUtf8(warning, kMaxWarning);
    const auto& there = job.warnings();
    if (there.size() < kMaxWarnings &&
        std::find(there.begin(), there.end(), text) == there.end()) {
      job.add_warnings(text);
    }
  }
}

JobAction ActionOf(RunOutcome::Kind kind) {
  switch (kind) {
    case RunOutcome::Kind::kSucceeded:
      return JobAction::kSucceed;
    case RunOutcome::Kind::kFailed:
      return JobAction::kFail;
    case RunOutcome::Kind::kStopped:
      return JobAction::kStop;
  }
  return JobAction::kFail;
}

absl::Status WorkersLost(int count) {
  return WithReason(
      absl::InternalError(absl::StrCat(
          "the server ended ", count,
          " times while it ran this job, which may be why; it is not tried "
          "again")),
      "WORKER_LOST");
}

// Two suspects are not with workers at once: a death would not tell which one
// it was.
absl::Status CheckNoSuspectRuns(SqliteDb& db) {
  std::string name;
  RETURN_IF_ERROR(db.Select(
      "SELECT name FROM job WHERE suspect = 1 AND state IN (?, ?, ?) LIMIT 1",
      {v1::Job::RUNNING, v1::Job::PAUSING, v1::Job::CANCELLING},
      [&](const SqlRow& row) {
        name = row.Text(0);
        return absl::OkStatus();
      }));
  if (name.empty()) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat("it lost its workers as ", name,
                                         " did, which runs: not both at once"));
}

}  // namespace

absl::StatusOr<StoredJob> SqliteJobStore::Claim(absl::string_view name,
                                                absl::string_view device) {
  return CommitOf(name, [&](SqliteWrite& write) -> absl::StatusOr<StoredJob> {
    ASSIGN_OR_RETURN(JobRow row, Load(write.table, name));
    const auto next = NextState(row.stored_state, JobAction::kClaim);
    if (!next.ok()) {
      return absl::AbortedError(
          absl::StrCat(name, ": ", next.status().message()));
    }
    if (row.suspect()) RETURN_IF_ERROR(CheckNoSuspectRuns(write.table.db()));
    RETURN_IF_ERROR(Enter(write, row, *next));
    row.job.set_attempt(row.stored_attempt + 1);
    row.job.set_device(std::string(device));
    *row.job.mutable_start_time() = ToProtoTime(Now());
    RETURN_IF_ERROR(Save(write, row));
    return write.table.WithSpec(row);
  });
}

absl::StatusOr<JobRow> SqliteJobStore::LoadForWorker(SqliteJobTable& table,
                                                     absl::string_view name,
                                                     int attempt) {
  ASSIGN_OR_RETURN(JobRow row, Load(table, name));
  if (!HasWorker(row.stored_state) || row.stored_attempt != attempt) {
    return Fenced(name, attempt);
  }
  return row;
}

absl::Status SqliteJobStore::SaveCheckpoint(
    absl::string_view name, int attempt, const CheckpointUpdate& checkpoint) {
  return CommitOf(name, [&](SqliteWrite& write) -> absl::Status {
    ASSIGN_OR_RETURN(JobRow row, LoadForWorker(write.table, name, attempt));
    row.job.set_checkpoint(checkpoint.blob);
    row.job.set_checkpoint_step(checkpoint.step);
    row.job.set_step(checkpoint.step);
    row.crashes = 0;
    RETURN_IF_ERROR(
        write.table.Replace(row.id, "checkpoint", checkpoint.blob, Now()));
    return Save(write, row);
  });
}

absl::Status SqliteJobStore::KeepFrame(absl::string_view name, int attempt,
                                       const KeptFrame& frame) {
  return CommitOf(name, [&](SqliteWrite& write) -> absl::Status {
    ASSIGN_OR_RETURN(const JobRow row,
                     LoadForWorker(write.table, name, attempt));
    return write.table.WriteFrame(row.id, frame, Now());
  });
}

absl::Status SqliteJobStore::ApplyOutcome(SqliteWrite& write, JobRow& row,
                                          const RunOutcome& outcome) {
  const v1::Job::State state = row.job.state();
  v1::Job& job = row.job;
  row.crashes = 0;
  AddWarnings(outcome.warnings, job);
  *job.mutable_run_duration() = ToProtoDuration(
      FromProtoDuration(job.run_duration()) + outcome.run_duration);
  if (!HasEnded(state)) {
    if (!outcome.checkpoint.has_value()) return absl::OkStatus();
    job.set_checkpoint(outcome.checkpoint->blob);
    job.set_checkpoint_step(outcome.checkpoint->step);
    job.set_step(outcome.checkpoint->step);
    return write.table.Replace(row.id, "checkpoint", outcome.checkpoint->blob,
                               Now());
  }
  job.set_step(outcome.step);
  job.set_objective_value(outcome.objective_value);
  if (state == v1::Job::FAILED)
    *job.mutable_error() = ToJobError(outcome.error);
  for (const v1::Artifact& artifact : outcome.artifacts) {
    *job.add_artifacts() = artifact;
    RETURN_IF_ERROR(write.table.Use(row.id, "artifact", artifact.blob()));
  }
  if (!outcome.last_frame.has_value()) return absl::OkStatus();
  return write.table.WriteLastFrame(row.id, *outcome.last_frame, Now());
}

absl::StatusOr<StoredJob> SqliteJobStore::Finish(absl::string_view name,
                                                 int attempt,
                                                 v1::Job::State seen,
                                                 const RunOutcome& outcome) {
  return CommitOf(name, [&](SqliteWrite& write) -> absl::StatusOr<StoredJob> {
    ASSIGN_OR_RETURN(JobRow row, LoadForWorker(write.table, name, attempt));
    if (row.stored_state != seen) {
      return absl::FailedPreconditionError(
          absl::StrCat(name, " is ", v1::Job::State_Name(row.stored_state),
                       " by now, no longer ", v1::Job::State_Name(seen)));
    }
    ASSIGN_OR_RETURN(const v1::Job::State next,
                     NextState(seen, ActionOf(outcome.kind)));
    RETURN_IF_ERROR(Enter(write, row, next));
    RETURN_IF_ERROR(ApplyOutcome(write, row, outcome));
    RETURN_IF_ERROR(Save(write, row));
    return ToStoredWithoutSpec(row);
  });
}

absl::StatusOr<Orphan> SqliteJobStore::RecoverOne(SqliteWrite& write,
                                                  JobRow row, int max_crashes) {
  const std::string name = row.job.name();
  ++row.crashes;
  if (!row.damage.empty()) {
    const absl::Status why = DamagedJob(name, row.damage);
    RETURN_IF_ERROR(CondemnRow(write, std::move(row), why));
    return Orphan{name, v1::Job::FAILED, 0};
  }
  const bool give_up =
      row.stored_state == v1::Job::RUNNING && row.crashes >= max_crashes;
  ASSIGN_OR_RETURN(
      const v1::Job::State next,
      NextState(row.stored_state,
                give_up ? JobAction::kFail : JobAction::kLoseWorker));
  if (give_up) *row.job.mutable_error() = ToJobError(WorkersLost(row.crashes));
  RETURN_IF_ERROR(Enter(write, row, next));
  RETURN_IF_ERROR(Save(write, row));
  return Orphan{name, next, row.crashes};
}

absl::StatusOr<std::vector<Orphan>> SqliteJobStore::RecoverOrphans(
    int max_crashes) {
  return Commit([&](SqliteWrite& write) -> absl::StatusOr<std::vector<Orphan>> {
    ASSIGN_OR_RETURN(std::vector<JobRow> rows,
                     write.table.LoadWhere("state IN (?, ?, ?) ORDER BY id",
                                           {v1::Job::RUNNING, v1::Job::PAUSING,
                                            v1::Job::CANCELLING}));
    std::vector<Orphan> orphans;
    for (JobRow& row : rows) {
      ASSIGN_OR_RETURN(orphans.emplace_back(),
                       RecoverOne(write, std::move(row), max_crashes));
    }
    RETURN_IF_ERROR(write.table.ForgetFences());
    return orphans;
  });
}

absl::Status SqliteJobStore::ForgetGarbage(
    const std::vector<std::string>& blobs) {
  return Commit(
      [&](SqliteWrite& write) -> absl::Status {
        for (const std::string& blob : blobs) {
          RETURN_IF_ERROR(
              write.table.db()
                  .Execute("DELETE FROM garbage WHERE blob = ?", {blob})
                  .status());
        }
        return absl::OkStatus();
      },
      Disk::kMayUseReserve);
}

}  // namespace phosphene
