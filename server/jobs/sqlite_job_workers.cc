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

}  // namespace

absl::StatusOr<std::vector<QueuedJob>> SqliteJobStore::ListQueued(int limit) {
  return Read([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(
                  mu_) -> absl::StatusOr<std::vector<QueuedJob>> {
    std::vector<QueuedJob> jobs;
    RETURN_IF_ERROR(db_->Select(
        "SELECT name, priority, create_time FROM job WHERE state = ? "
        "ORDER BY priority DESC, id LIMIT ?",
        {v1::Job::QUEUED, limit}, [&](const SqlRow& row) {
          jobs.push_back({row.Text(0), static_cast<int>(row.Int(1)),
                          absl::FromUnixMicros(row.Int(2))});
          return absl::OkStatus();
        }));
    return jobs;
  });
}

absl::StatusOr<StoredJob> SqliteJobStore::Claim(absl::string_view name,
                                                absl::string_view device) {
  return Commit(
      [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> absl::StatusOr<StoredJob> {
        ASSIGN_OR_RETURN(Loaded loaded, Load(name));
        JobRow& row = loaded.row;
        const auto next = NextState(loaded.state, JobAction::kClaim, false);
        if (!next.ok()) {
          return absl::AbortedError(
              absl::StrCat(name, ": ", next.status().message()));
        }
        RETURN_IF_ERROR(Enter(row, *next));
        row.job.set_attempt(loaded.attempt + 1);
        row.job.set_device(std::string(device));
        *row.job.mutable_start_time() = ToProtoTime(Now());
        return Save(loaded);
      });
}

absl::StatusOr<SqliteJobStore::Loaded> SqliteJobStore::LoadForWorker(
    absl::string_view name, int attempt) {
  ASSIGN_OR_RETURN(Loaded loaded, Load(name));
  const bool with_worker =
      loaded.state == v1::Job::RUNNING || loaded.state == v1::Job::CANCELLING;
  if (!with_worker || loaded.attempt != attempt) return Fenced(name, attempt);
  return loaded;
}

absl::Status SqliteJobStore::SaveCheckpoint(
    absl::string_view name, int attempt, const CheckpointUpdate& checkpoint) {
  return Commit([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> absl::Status {
    ASSIGN_OR_RETURN(Loaded loaded, LoadForWorker(name, attempt));
    JobRow& row = loaded.row;
    row.job.set_checkpoint(checkpoint.blob);
    row.job.set_checkpoint_step(checkpoint.step);
    row.job.set_step(checkpoint.step);
    row.crashes = 0;
    RETURN_IF_ERROR(
        table_.Replace(row.id, "checkpoint", checkpoint.blob, Now()));
    return Save(loaded).status();
  });
}

absl::Status SqliteJobStore::KeepFrame(absl::string_view name, int attempt,
                                       const KeptFrame& frame) {
  return Commit([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> absl::Status {
    ASSIGN_OR_RETURN(const Loaded loaded, LoadForWorker(name, attempt));
    return table_.WriteFrame(loaded.row.id, frame, Now());
  });
}

absl::Status SqliteJobStore::ApplyOutcome(JobRow& row,
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
    return table_.Replace(row.id, "checkpoint", outcome.checkpoint->blob,
                          Now());
  }
  job.set_step(outcome.step);
  job.set_objective_value(outcome.objective_value);
  if (state == v1::Job::FAILED)
    *job.mutable_error() = ToJobError(outcome.error);
  for (const v1::Artifact& artifact : outcome.artifacts) {
    *job.add_artifacts() = artifact;
    RETURN_IF_ERROR(table_.Use(row.id, "artifact", artifact.blob()));
  }
  if (!outcome.last_frame.has_value()) return absl::OkStatus();
  return table_.WriteLastFrame(row.id, *outcome.last_frame, Now());
}

absl::StatusOr<StoredJob> SqliteJobStore::Finish(absl::string_view name,
                                                 int attempt,
                                                 v1::Job::State seen,
                                                 const RunOutcome& outcome) {
  return Commit(
      [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> absl::StatusOr<StoredJob> {
        ASSIGN_OR_RETURN(Loaded loaded, LoadForWorker(name, attempt));
        JobRow& row = loaded.row;
        if (loaded.state != seen) {
          return absl::FailedPreconditionError(
              absl::StrCat(name, " is ", v1::Job::State_Name(loaded.state),
                           " by now, no longer ", v1::Job::State_Name(seen)));
        }
        ASSIGN_OR_RETURN(
            const v1::Job::State next,
            NextState(seen, ActionOf(outcome.kind), row.pause_requested));
        RETURN_IF_ERROR(Enter(row, next));
        RETURN_IF_ERROR(ApplyOutcome(row, outcome));
        return Save(loaded);
      });
}

absl::Status SqliteJobStore::RecoverOne(JobRow row, int max_crashes) {
  const v1::Job::State state = row.job.state();
  Loaded loaded{std::move(row), state, 0, false};
  loaded.attempt = loaded.row.job.attempt();
  loaded.pause_requested = loaded.row.pause_requested;
  ++loaded.row.crashes;
  const bool give_up = state == v1::Job::RUNNING && !loaded.pause_requested &&
                       loaded.row.crashes >= max_crashes;
  ASSIGN_OR_RETURN(
      const v1::Job::State next,
      NextState(state, give_up ? JobAction::kFail : JobAction::kLoseWorker,
                loaded.pause_requested));
  if (give_up) {
    *loaded.row.job.mutable_error() =
        ToJobError(WorkersLost(loaded.row.crashes));
  }
  RETURN_IF_ERROR(Enter(loaded.row, next));
  return Save(loaded).status();
}

absl::StatusOr<int> SqliteJobStore::RecoverOrphans(int max_crashes) {
  return Commit(
      [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> absl::StatusOr<int> {
        std::vector<JobRow> orphans;
        RETURN_IF_ERROR(table_.LoadWhere(
            "state IN (?, ?) ORDER BY id",
            {v1::Job::RUNNING, v1::Job::CANCELLING}, [&](JobRow row) {
              orphans.push_back(std::move(row));
              return absl::OkStatus();
            }));
        for (JobRow& row : orphans) {
          RETURN_IF_ERROR(RecoverOne(std::move(row), max_crashes));
        }
        RETURN_IF_ERROR(table_.ForgetFences());
        return static_cast<int>(orphans.size());
      });
}

absl::StatusOr<std::vector<std::string>> SqliteJobStore::ListGarbage(
    absl::Time before, int limit) {
  return Read([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(
                  mu_) -> absl::StatusOr<std::vector<std::string>> {
    std::vector<std::string> blobs;
    RETURN_IF_ERROR(db_->Select(
        "SELECT blob FROM garbage WHERE drop_time < ? "
        "ORDER BY drop_time, blob LIMIT ?",
        {absl::ToUnixMicros(before), limit}, [&](const SqlRow& row) {
          blobs.push_back(row.Text(0));
          return absl::OkStatus();
        }));
    return blobs;
  });
}

absl::Status SqliteJobStore::ForgetGarbage(
    const std::vector<std::string>& blobs) {
  return Commit([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> absl::Status {
    for (const std::string& blob : blobs) {
      RETURN_IF_ERROR(
          db_->Execute("DELETE FROM garbage WHERE blob = ?", {blob}).status());
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<std::string>> SqliteJobStore::UsedBlobs(
    const std::vector<std::string>& blobs) {
  return Read([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(
                  mu_) -> absl::StatusOr<std::vector<std::string>> {
    std::vector<std::string> used;
    for (const std::string& blob : blobs) {
      RETURN_IF_ERROR(
          db_->Select("SELECT blob FROM blob_use WHERE blob = ? LIMIT 1",
                      {blob}, [&](const SqlRow& row) {
                        used.push_back(row.Text(0));
                        return absl::OkStatus();
                      }));
    }
    return used;
  });
}

}  // namespace phosphene
