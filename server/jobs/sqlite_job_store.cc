#include "server/jobs/sqlite_job_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/ids.h"
#include "server/jobs/cursor.h"
#include "server/jobs/fingerprint.h"
#include "server/jobs/job_error.h"
#include "server/jobs/proto_time.h"
#include "server/jobs/sqlite_filter.h"
#include "server/jobs/sqlite_job_store_impl.h"
#include "server/jobs/sqlite_schema.h"

namespace phosphene {
namespace {

constexpr int kIdLength = 12;  // 59 random bits

absl::Status CheckEtag(const JobRow& row, absl::string_view etag) {
  if (etag.empty() || etag == row.job.etag()) return absl::OkStatus();
  return WithReason(
      absl::AbortedError(absl::StrCat(row.job.name(), " has changed: etag \"",
                                      etag.substr(0, 100), "\" is not \"",
                                      row.job.etag(), "\"")),
      "ETAG_MISMATCH");
}

std::string FrameList(absl::string_view job) {
  return absl::StrCat("frames of ", job);
}

std::string JobList(const JobFilter& filter) {
  return absl::StrCat("jobs ", CanonicalText(filter));
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
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteDb> db,
                   SqliteDb::Open(options.directory + "/jobs.db"));
  RETURN_IF_ERROR(PrepareSqliteSchema(*db));
  return std::make_unique<SqliteJobStore>(options, *std::move(lock),
                                          std::move(db));
}

absl::StatusOr<SqliteJobStore::Loaded> SqliteJobStore::Load(
    absl::string_view name) {
  ASSIGN_OR_RETURN(JobRow row, table_.Load(name));
  const v1::Job::State state = row.job.state();
  const int attempt = row.job.attempt();
  const bool pause = row.pause_requested;
  return Loaded{std::move(row), state, attempt, pause};
}

absl::StatusOr<StoredJob> SqliteJobStore::Save(Loaded& loaded) {
  JobRow& row = loaded.row;
  RETURN_IF_ERROR(table_.Save(row, loaded.state, loaded.attempt, Now()));
  if (row.job.state() != loaded.state ||
      row.pause_requested != loaded.pause_requested) {
    changes_.push_back(ToStoredWithoutSpec(row));
  }
  return ToStored(row);
}

absl::Status SqliteJobStore::Enter(JobRow& row, v1::Job::State state) {
  row.job.set_state(state);
  if (state != v1::Job::RUNNING) row.pause_requested = false;
  if (state == v1::Job::QUEUED || state == v1::Job::PAUSED) {
    row.job.set_step(row.job.checkpoint_step());
  }
  if (!HasEnded(state)) return absl::OkStatus();
  *row.job.mutable_end_time() = ToProtoTime(Now());
  // Only a failed job's checkpoint has a use: to look into it, or go on.
  if (state == v1::Job::FAILED) return absl::OkStatus();
  row.job.clear_checkpoint();
  row.job.clear_checkpoint_step();
  return table_.Unuse(row.id, "checkpoint", Now());
}

absl::StatusOr<CreatedJob> SqliteJobStore::Create(const NewJob& request) {
  return Commit(
      [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return CreateRow(request); });
}

absl::StatusOr<std::optional<CreatedJob>> SqliteJobStore::FindRequest(
    const NewJob& request, const std::string& fingerprint) {
  std::string name, before;
  RETURN_IF_ERROR(db_->Select(
      "SELECT j.name, r.fingerprint FROM request r JOIN job j ON j.id = r.job "
      "WHERE r.request_id = ?",
      {request.request_id}, [&](const SqlRow& row) {
        name = row.Text(0);
        before = row.Text(1);
        return absl::OkStatus();
      }));
  if (name.empty()) return std::nullopt;
  if (before != fingerprint) {
    return WithReason(absl::AlreadyExistsError(absl::StrCat(
                          "request_id ", request.request_id, " was used for ",
                          name, ", which has another spec")),
                      "REQUEST_ID_REUSED");
  }
  ASSIGN_OR_RETURN(const JobRow row, table_.Load(name));
  ASSIGN_OR_RETURN(StoredJob stored, ToStored(row));
  return CreatedJob{std::move(stored), true};
}

absl::Status SqliteJobStore::CheckRoom() {
  int64_t queued = 0;
  RETURN_IF_ERROR(db_->Select("SELECT COUNT(*) FROM job WHERE state = ?",
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

absl::StatusOr<CreatedJob> SqliteJobStore::CreateRow(const NewJob& request) {
  const std::string fingerprint = SpecFingerprint(request.job.spec());
  if (!request.request_id.empty()) {
    ASSIGN_OR_RETURN(std::optional<CreatedJob> before,
                     FindRequest(request, fingerprint));
    if (before.has_value()) return *std::move(before);
  }
  RETURN_IF_ERROR(CheckRoom());
  JobRow row;
  row.job.set_name(request.job.name().empty()
                       ? absl::StrCat("jobs/", RandomId(kIdLength))
                       : request.job.name());
  if (const absl::Status found = table_.Load(row.job.name()).status();
      !absl::IsNotFound(found)) {
    RETURN_IF_ERROR(found);
    return WithReason(
        absl::AlreadyExistsError(absl::StrCat(row.job.name(), " exists")),
        "JOB_EXISTS");
  }
  *row.job.mutable_labels() = request.job.labels();
  row.job.set_priority(request.job.priority());
  row.job.set_total_steps(request.job.total_steps());
  row.job.set_traceparent(request.job.traceparent());
  row.job.set_state(v1::Job::QUEUED);
  row.spec = DeterministicBytes(request.job.spec());
  RETURN_IF_ERROR(table_.Insert(row, Now()));
  if (!request.request_id.empty()) {
    RETURN_IF_ERROR(
        db_->Execute("INSERT INTO request (request_id, fingerprint, job) "
                     "VALUES (?, ?, ?)",
                     {request.request_id, fingerprint, row.id})
            .status());
  }
  changes_.push_back(ToStoredWithoutSpec(row));
  ASSIGN_OR_RETURN(StoredJob stored, ToStored(row));
  return CreatedJob{std::move(stored), false};
}

absl::StatusOr<StoredJob> SqliteJobStore::Get(absl::string_view name) {
  return Read(
      [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> absl::StatusOr<StoredJob> {
        ASSIGN_OR_RETURN(const JobRow row, table_.Load(name));
        return ToStored(row);
      });
}

absl::StatusOr<JobPage> SqliteJobStore::List(const JobQuery& query) {
  return Read(
      [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> absl::StatusOr<JobPage> {
        JobPage page;
        SqlCondition condition = ToSql(query.filter);
        const std::string count =
            absl::StrCat("SELECT COUNT(*) FROM job WHERE ", condition.sql);
        RETURN_IF_ERROR(db_->Select(count, condition.values.data(),
                                    condition.values.size(),
                                    [&](const SqlRow& row) {
                                      page.total_size = row.Int(0);
                                      return absl::OkStatus();
                                    }));
        const std::string list = JobList(query.filter);
        if (!query.page_token.empty()) {
          ASSIGN_OR_RETURN(const int64_t last,
                           DecodeCursor(list, query.page_token));
          condition.sql += " AND id < ?";
          condition.values.emplace_back(last);
        }
        condition.values.emplace_back(query.page_size + 1);
        int64_t bytes = 0, last = 0;
        bool more = false;
        RETURN_IF_ERROR(table_.LoadWhere(
            condition.sql + " ORDER BY id DESC LIMIT ?", condition.values,
            [&](const JobRow& row) -> absl::Status {
              bytes += row.spec.size() + row.job.ByteSizeLong();
              const int count = static_cast<int>(page.jobs.size());
              more = more || count == query.page_size ||
                     (count > 0 && bytes > query.max_bytes);
              if (more) return absl::OkStatus();
              ASSIGN_OR_RETURN(StoredJob stored, ToStored(row));
              page.jobs.push_back(std::move(stored.job));
              last = row.id;
              return absl::OkStatus();
            }));
        if (more) page.next_page_token = EncodeCursor(list, last);
        return page;
      });
}

absl::StatusOr<StoredJob> SqliteJobStore::Update(absl::string_view name,
                                                 const JobChanges& changes) {
  return Commit(
      [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> absl::StatusOr<StoredJob> {
        ASSIGN_OR_RETURN(Loaded loaded, Load(name));
        JobRow& row = loaded.row;
        RETURN_IF_ERROR(CheckEtag(row, changes.etag));
        if (changes.priority.has_value())
          row.job.set_priority(*changes.priority);
        if (changes.labels.has_value()) {
          row.job.mutable_labels()->clear();
          for (const auto& [key, value] : *changes.labels) {
            (*row.job.mutable_labels())[key] = value;
          }
          RETURN_IF_ERROR(table_.WriteLabels(row));
        }
        return Save(loaded);
      });
}

absl::StatusOr<StoredJob> SqliteJobStore::Move(absl::string_view name,
                                               JobAction action) {
  return Commit(
      [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> absl::StatusOr<StoredJob> {
        ASSIGN_OR_RETURN(Loaded loaded, Load(name));
        JobRow& row = loaded.row;
        const auto next = NextState(loaded.state, action, row.pause_requested);
        if (!next.ok()) return Annotate(next.status(), name);
        const bool wish =
            action == JobAction::kPause && loaded.state == v1::Job::RUNNING;
        if (*next == loaded.state && wish == row.pause_requested) {
          return ToStored(row);
        }
        RETURN_IF_ERROR(Enter(row, *next));
        row.pause_requested = wish;
        return Save(loaded);
      });
}

absl::StatusOr<StoredJob> SqliteJobStore::Cancel(absl::string_view name) {
  return Move(name, JobAction::kCancel);
}

absl::StatusOr<StoredJob> SqliteJobStore::Pause(absl::string_view name) {
  return Move(name, JobAction::kPause);
}

absl::StatusOr<StoredJob> SqliteJobStore::Resume(absl::string_view name) {
  return Move(name, JobAction::kResume);
}

absl::Status SqliteJobStore::Delete(absl::string_view name,
                                    absl::string_view etag, bool force) {
  return Commit([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> absl::Status {
    ASSIGN_OR_RETURN(Loaded loaded, Load(name));
    JobRow& row = loaded.row;
    RETURN_IF_ERROR(CheckEtag(row, etag));
    if (!HasEnded(loaded.state)) {
      if (!force) {
        return absl::FailedPreconditionError(
            absl::StrCat(name, " is ", v1::Job::State_Name(loaded.state),
                         "; cancel it first, or set force"));
      }
      RETURN_IF_ERROR(Enter(row, v1::Job::CANCELLED));
      RETURN_IF_ERROR(Save(loaded).status());
    }
    const bool with_worker =
        loaded.state == v1::Job::RUNNING || loaded.state == v1::Job::CANCELLING;
    return table_.Remove(row, with_worker, Now());
  });
}

absl::StatusOr<FramePage> SqliteJobStore::ListFrames(
    absl::string_view name, int page_size, absl::string_view page_token) {
  return Read([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(
                  mu_) -> absl::StatusOr<FramePage> {
    ASSIGN_OR_RETURN(const JobRow job, table_.Load(name));
    int64_t after = -1;
    if (!page_token.empty()) {
      ASSIGN_OR_RETURN(after, DecodeCursor(FrameList(name), page_token));
    }
    FramePage page;
    RETURN_IF_ERROR(db_->Select(
        "SELECT blob, sequence, proto FROM frame WHERE job = ? AND step > ? "
        "ORDER BY step LIMIT ?",
        {job.id, after, page_size + 1}, [&](const SqlRow& row) -> absl::Status {
          ASSIGN_OR_RETURN(KeptFrame frame, FrameOfRow(row, 0));
          page.frames.push_back(std::move(frame));
          return absl::OkStatus();
        }));
    if (static_cast<int>(page.frames.size()) > page_size) {
      page.frames.pop_back();
      page.next_page_token =
          EncodeCursor(FrameList(name), page.frames.back().info.step());
    }
    return page;
  });
}

absl::StatusOr<KeptFrame> SqliteJobStore::GetFrame(absl::string_view name,
                                                   int64_t step) {
  return Read([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(
                  mu_) -> absl::StatusOr<KeptFrame> {
    ASSIGN_OR_RETURN(const JobRow job, table_.Load(name));
    std::optional<KeptFrame> frame;
    RETURN_IF_ERROR(db_->Select(
        "SELECT blob, sequence, proto FROM frame WHERE job = ? AND step = ?",
        {job.id, step}, [&](const SqlRow& row) -> absl::Status {
          ASSIGN_OR_RETURN(frame, FrameOfRow(row, 0));
          return absl::OkStatus();
        }));
    if (frame.has_value()) return *std::move(frame);
    return absl::NotFoundError(
        absl::StrCat("no frame ", name, "/frames/", step, " was kept"));
  });
}

absl::StatusOr<WatchStart> SqliteJobStore::StartWatch(absl::string_view name,
                                                      int64_t after_sequence) {
  return Read([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(
                  mu_) -> absl::StatusOr<WatchStart> {
    ASSIGN_OR_RETURN(const JobRow row, table_.Load(name));
    const int64_t after_change = after_sequence / kSequencesPerChange;
    if (after_sequence < 0 || after_change > row.changes) {
      return FieldError("after_sequence",
                        absl::StrCat(after_sequence, " is no sequence of ",
                                     name, " so far; 0 watches from now on"));
    }
    WatchStart start;
    start.ended = HasEnded(row.job.state());
    if (after_sequence > 0) {
      ASSIGN_OR_RETURN(start.events, table_.EventsAfter(row.id, after_change));
    } else {
      start.events.emplace_back();
    }
    if (!start.events.empty()) {
      start.events.back() = StateEvent(ToStoredWithoutSpec(row));
    }
    if (start.ended) {
      ASSIGN_OR_RETURN(start.last_frame, table_.LastFrame(row.id));
    }
    return start;
  });
}

absl::StatusOr<JobCounts> SqliteJobStore::Count() {
  return Read(
      [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> absl::StatusOr<JobCounts> {
        JobCounts counts;
        RETURN_IF_ERROR(db_->Select(
            "SELECT state, COUNT(*), MIN(create_time) FROM job GROUP BY state",
            {}, [&](const SqlRow& row) {
              const auto state = static_cast<v1::Job::State>(row.Int(0));
              counts.by_state[state] = row.Int(1);
              if (state == v1::Job::QUEUED) {
                counts.oldest_queued = absl::FromUnixMicros(row.Int(2));
              }
              return absl::OkStatus();
            }));
        return counts;
      });
}

}  // namespace phosphene
