// The part of SqliteJobStore that clients steer by: opening, creation, changes.

#include "server/jobs/sqlite_job_store.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/ids.h"
#include "server/base/log.h"
#include "server/jobs/fingerprint.h"
#include "server/jobs/proto_time.h"
#include "server/jobs/sqlite_job_store_impl.h"
#include "server/jobs/sqlite_schema.h"

namespace phosphene {
namespace {

constexpr int kIdLength = 12;  // 59 random bits
constexpr int kReaders = 4;
constexpr char kReserve[] = "/reserve";

absl::Status CheckEtag(const JobRow& row, absl::string_view etag) {
  if (etag.empty() || etag == row.job.etag()) return absl::OkStatus();
  return WithReason(
      absl::AbortedError(absl::StrCat(row.job.name(), " has changed: etag \"",
                                      etag.substr(0, 100), "\" is not \"",
                                      row.job.etag(), "\"")),
      "ETAG_MISMATCH");
}

absl::StatusOr<std::unique_ptr<SqliteDb>> OpenDatabase(
    const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteDb> db, SqliteDb::Open(path));
  RETURN_IF_ERROR(PrepareSqliteSchema(*db));
  return db;
}

}  // namespace

absl::StatusOr<std::unique_ptr<JobStore>> OpenSqliteJobStore(
    const SqliteJobStoreOptions& options) {
  RETURN_IF_ERROR(MakeDirectories(options.directory));
  auto lock = FileLock::Acquire(options.directory + "/lock");
  if (absl::IsFailedPrecondition(lock.status())) {
    return absl::FailedPreconditionError(
        absl::StrCat(lock.status().message(),
                     ": another phosphened uses this folder; stop "
                     "it, or give this one another --data"));
  }
  RETURN_IF_ERROR(lock.status());
  const std::string path = options.directory + "/jobs.db";
  auto db = OpenDatabase(path);
  if (absl::IsResourceExhausted(db.status()) &&
      DiskReserve(options.directory + kReserve, 1).Release()) {
    db = OpenDatabase(path);
  }
  RETURN_IF_ERROR(db.status());
  ASSIGN_OR_RETURN(auto readers, SqliteReaders::Open(path, kReaders));
  return std::make_unique<SqliteJobStore>(options, *std::move(lock),
                                          *std::move(db), std::move(readers));
}

SqliteJobStore::SqliteJobStore(const SqliteJobStoreOptions& options,
                               std::unique_ptr<FileLock> lock,
                               std::unique_ptr<SqliteDb> writer,
                               std::unique_ptr<SqliteReaders> readers)
    : options_(options),
      lock_(std::move(lock)),
      writer_(std::move(writer), options.directory + kReserve, outbox_),
      readers_(std::move(readers)) {}

absl::StatusOr<JobRow> SqliteJobStore::Load(SqliteJobTable& table,
                                            absl::string_view name) {
  ASSIGN_OR_RETURN(JobRow row, table.Load(name));
  if (!row.damage.empty()) return DamagedJob(name, row.damage);
  return row;
}

absl::Status SqliteJobStore::Condemn(absl::string_view name,
                                     const absl::Status& why) {
  LogError("a job cannot be read and has FAILED",
           {{"job", std::string(name)}, {"error", std::string(why.message())}});
  return Commit(
      [&](SqliteWrite& write) -> absl::Status {
        ASSIGN_OR_RETURN(JobRow row, write.table.Load(name));
        // Somebody else was first, or it is another job of that name by now.
        if (row.damage.empty() &&
            !IsDamagedJob(write.table.WithSpec(row).status())) {
          return absl::OkStatus();
        }
        return CondemnRow(write, std::move(row), why);
      },
      Disk::kMayUseReserve);
}

absl::Status SqliteJobStore::CondemnRow(SqliteWrite& write, JobRow row,
                                        const absl::Status& why) {
  if (!row.damage.empty()) RETURN_IF_ERROR(write.table.RestoreLabels(row));
  // Its worker is not told apart from one of a later job by an attempt that
  // cannot be read.
  if (HasWorker(row.stored_state)) RETURN_IF_ERROR(write.table.Fence(row));
  row.job = CondemnedJob(row, why);
  RETURN_IF_ERROR(Enter(write, row, v1::Job::FAILED));
  return Save(write, row);
}

absl::Status SqliteJobStore::Save(SqliteWrite& write, JobRow& row) {
  RETURN_IF_ERROR(write.table.Save(row, Now()));
  if (row.job.state() != row.stored_state) {
    write.changes.push_back(ToStoredWithoutSpec(row));
  }
  return absl::OkStatus();
}

absl::Status SqliteJobStore::Enter(SqliteWrite& write, JobRow& row,
                                   v1::Job::State state) {
  row.job.set_state(state);
  if (state == v1::Job::QUEUED || state == v1::Job::PAUSED) {
    row.job.set_step(row.job.checkpoint_step());
  }
  if (!HasEnded(state)) return absl::OkStatus();
  *row.job.mutable_end_time() = ToProtoTime(Now());
  // Only a failed job's checkpoint has a use: to look into it, or go on.
  if (state == v1::Job::FAILED) return absl::OkStatus();
  row.job.clear_checkpoint();
  row.job.clear_checkpoint_step();
  return write.table.Unuse(row.id, "checkpoint", Now());
}

absl::Status SqliteJobStore::CheckRoom(SqliteJobTable& table) {
  int64_t queued = 0;
  RETURN_IF_ERROR(table.db().Select("SELECT COUNT(*) FROM job WHERE state = ?",
                                    {v1::Job::QUEUED}, [&](const SqlRow& row) {
                                      queued = row.Int(0);
                                      return absl::OkStatus();
                                    }));
  if (queued < options_.max_queued_jobs) return absl::OkStatus();
  return WithReason(
      absl::ResourceExhaustedError(absl::StrCat(
          queued, " jobs wait already, at most ", options_.max_queued_jobs,
          " may; try again when some have run")),
      "QUEUE_FULL");
}

absl::StatusOr<SqliteJobStore::Admitted> SqliteJobStore::Admit(
    SqliteJobTable& table, const NewJob& request) {
  Admitted admitted;
  admitted.fingerprint = RequestFingerprint(request.job);
  admitted.request_id = absl::AsciiStrToLower(request.request_id);
  std::string name, before;
  if (!request.request_id.empty()) {
    RETURN_IF_ERROR(table.db().Select(
        "SELECT name, fingerprint FROM request JOIN job ON job.id = "
        "request.job WHERE request_id = ?",
        {admitted.request_id}, [&](const SqlRow& row) {
          name = row.Text(0);
          before = row.Text(1);
          return absl::OkStatus();
        }));
  }
  if (!name.empty()) {
    // Schema 1 kept the fingerprint of the spec alone.
    if (before != admitted.fingerprint &&
        before != SpecFingerprint(request.job.spec())) {
      return WithReason(
          absl::AlreadyExistsError(absl::StrCat(
              "request_id ", request.request_id, " was used for ", name,
              ", which was asked for with another spec, job_id, labels or "
              "priority")),
          "REQUEST_ID_REUSED");
    }
    ASSIGN_OR_RETURN(const JobRow row, table.Load(name));
    auto stored =
        row.damage.empty() ? table.WithSpec(row) : DamagedJob(name, row.damage);
    if (IsDamagedJob(stored.status())) {
      stored = StoredJob{CondemnedJob(row, stored.status()), row.sequence()};
    }
    ASSIGN_OR_RETURN(admitted.before, stored);
    return admitted;
  }
  RETURN_IF_ERROR(CheckRoom(table));
  v1::Job& job = admitted.row.job;
  job.set_name(request.job.name());
  if (!job.name().empty()) {
    const absl::Status found = table.Load(job.name()).status();
    if (found.ok()) {
      return WithReason(
          absl::AlreadyExistsError(absl::StrCat(job.name(), " exists")),
          "JOB_EXISTS");
    }
    if (!absl::IsNotFound(found)) return found;
  }
  *job.mutable_labels() = request.job.labels();
  job.set_priority(request.job.priority());
  job.set_total_steps(request.job.total_steps());
  job.set_traceparent(request.job.traceparent());
  job.set_state(v1::Job::QUEUED);
  return admitted;
}

absl::StatusOr<CreatedJob> SqliteJobStore::Create(const NewJob& request) {
  const auto answer = [&](const Admitted& admitted) {
    if (admitted.before.has_value()) return CreatedJob{*admitted.before, true};
    CreatedJob created{ToStoredWithoutSpec(admitted.row), false};
    *created.stored.job.mutable_spec() = request.job.spec();
    return created;
  };
  if (request.dry_run) {
    return readers_->Read(
        [&](SqliteJobTable& table) -> absl::StatusOr<CreatedJob> {
          ASSIGN_OR_RETURN(const Admitted admitted, Admit(table, request));
          return answer(admitted);
        });
  }
  return Commit([&](SqliteWrite& write) -> absl::StatusOr<CreatedJob> {
    ASSIGN_OR_RETURN(Admitted admitted, Admit(write.table, request));
    if (admitted.before.has_value()) return answer(admitted);
    JobRow& row = admitted.row;
    if (row.job.name().empty()) {
      row.job.set_name(absl::StrCat("jobs/", RandomId(kIdLength)));
    }
    RETURN_IF_ERROR(write.table.Insert(row, request.job.spec(), Now()));
    if (!admitted.request_id.empty()) {
      RETURN_IF_ERROR(
          write.table.db()
              .Execute("INSERT INTO request (request_id, "
                       "fingerprint, job) VALUES (?, ?, ?)",
                       {admitted.request_id, admitted.fingerprint, row.id})
              .status());
    }
    write.changes.push_back(ToStoredWithoutSpec(row));
    return answer(admitted);
  });
}

absl::StatusOr<StoredJob> SqliteJobStore::Update(absl::string_view name,
                                                 const JobChanges& changes) {
  return CommitOf(name, [&](SqliteWrite& write) -> absl::StatusOr<StoredJob> {
    ASSIGN_OR_RETURN(JobRow row, Load(write.table, name));
    RETURN_IF_ERROR(CheckEtag(row, changes.etag));
    if (changes.priority.has_value()) row.job.set_priority(*changes.priority);
    if (changes.labels.has_value()) {
      row.job.mutable_labels()->clear();
      for (const auto& [key, value] : *changes.labels) {
        (*row.job.mutable_labels())[key] = value;
      }
      RETURN_IF_ERROR(write.table.WriteLabels(row));
    }
    RETURN_IF_ERROR(Save(write, row));
    return write.table.WithSpec(row);
  });
}

absl::StatusOr<StoredJob> SqliteJobStore::Move(absl::string_view name,
                                               JobAction action, Disk disk) {
  return CommitOf(
      name,
      [&](SqliteWrite& write) -> absl::StatusOr<StoredJob> {
        ASSIGN_OR_RETURN(JobRow row, Load(write.table, name));
        const auto next = NextState(row.stored_state, action);
        if (!next.ok()) return Annotate(next.status(), name);
        if (*next != row.stored_state) {
          if (*next == v1::Job::QUEUED) RETURN_IF_ERROR(CheckRoom(write.table));
          RETURN_IF_ERROR(Enter(write, row, *next));
          RETURN_IF_ERROR(Save(write, row));
        }
        return write.table.WithSpec(row);
      },
      disk);
}

absl::StatusOr<StoredJob> SqliteJobStore::Cancel(absl::string_view name) {
  return Move(name, JobAction::kCancel, Disk::kMayUseReserve);
}

absl::StatusOr<StoredJob> SqliteJobStore::Pause(absl::string_view name) {
  return Move(name, JobAction::kPause);
}

absl::StatusOr<StoredJob> SqliteJobStore::Resume(absl::string_view name) {
  return Move(name, JobAction::kResume);
}

absl::Status SqliteJobStore::Delete(absl::string_view name,
                                    absl::string_view etag, bool force) {
  return CommitOf(
      name,
      [&](SqliteWrite& write) -> absl::Status {
        ASSIGN_OR_RETURN(JobRow row, Load(write.table, name));
        RETURN_IF_ERROR(CheckEtag(row, etag));
        if (!HasEnded(row.stored_state)) {
          if (!force) {
            return absl::FailedPreconditionError(absl::StrCat(
                name, " is ", v1::Job::State_Name(row.stored_state),
                "; cancel it first, or set force"));
          }
          RETURN_IF_ERROR(Enter(write, row, v1::Job::CANCELLED));
          RETURN_IF_ERROR(Save(write, row));
        }
        return write.table.Remove(row, Now());
      },
      Disk::kMayUseReserve);
}

}  // namespace phosphene
