// The part of SqliteJobStore that only reads, on connections of its own.

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/jobs/cursor.h"
#include "server/jobs/sqlite_filter.h"
#include "server/jobs/sqlite_job_store_impl.h"

namespace phosphene {
namespace {

std::string FrameList(absl::string_view job) {
  return absl::StrCat("frames of ", job);
}

std::string JobList(const JobFilter& filter) {
  return absl::StrCat("jobs ", CanonicalText(filter));
}

}  // namespace

absl::StatusOr<StoredJob> SqliteJobStore::Get(absl::string_view name) {
  return ReadOf(name, [&](SqliteJobTable& table) -> absl::StatusOr<StoredJob> {
    ASSIGN_OR_RETURN(const JobRow row, Load(table, name));
    return table.WithSpec(row);
  });
}

absl::StatusOr<JobPage> SqliteJobStore::ReadPage(
    SqliteJobTable& table, const JobQuery& query,
    std::vector<std::string>* damaged) {
  JobPage page;
  SqlCondition condition = ToSql(query.filter);
  const std::string count =
      absl::StrCat("SELECT COUNT(*) FROM job WHERE ", condition.sql);
  RETURN_IF_ERROR(table.db().Select(count, condition.values.data(),
                                    condition.values.size(),
                                    [&](const SqlRow& row) {
                                      page.total_size = row.Int(0);
                                      return absl::OkStatus();
                                    }));
  const std::string list = JobList(query.filter);
  if (!query.page_token.empty()) {
    ASSIGN_OR_RETURN(const int64_t last, DecodeCursor(list, query.page_token));
    condition.sql += " AND id < ?";
    condition.values.emplace_back(last);
  }
  condition.values.emplace_back(query.page_size + 1);
  ASSIGN_OR_RETURN(const std::vector<JobRow> rows,
                   table.LoadWhere(condition.sql + " ORDER BY id DESC LIMIT ?",
                                   condition.values));
  int64_t bytes = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const JobRow& row = rows[i];
    bytes += row.job.ByteSizeLong();
    // Not read before it is known to have room.
    if (query.with_specs) bytes += table.SpecSize(row);
    if (static_cast<int>(i) == query.page_size ||
        (i > 0 && bytes > query.max_bytes)) {
      page.next_page_token = EncodeCursor(list, rows[i - 1].id);
      break;
    }
    v1::Job& job = page.jobs.emplace_back(row.job);
    absl::Status sound = row.damage.empty()
                             ? absl::OkStatus()
                             : DamagedJob(row.job.name(), row.damage);
    if (sound.ok() && query.with_specs) {
      const auto stored = table.WithSpec(row);
      sound = stored.status();
      if (stored.ok()) job = stored->job;
    }
    if (IsDamagedJob(sound)) {
      job = CondemnedJob(row, sound);
      damaged->push_back(row.job.name());
    } else if (!sound.ok()) {
      return sound;
    }
  }
  return page;
}

absl::StatusOr<JobPage> SqliteJobStore::List(const JobQuery& query) {
  std::vector<std::string> damaged;
  const auto read = [&](SqliteJobTable& table) {
    damaged.clear();
    return ReadPage(table, query, &damaged);
  };
  auto page = readers_->Read(read);
  if (!page.ok() || damaged.empty()) return page;
  // Read anew once they are what the page says, for the filter may say
  // otherwise by then. What cannot be written now is so the next time.
  for (const std::string& name : damaged) {
    const absl::Status condemned =
        Condemn(name, DamagedJob(name, "its row or spec does not parse"));
    if (!condemned.ok()) return page;
  }
  return readers_->Read(read);
}

absl::StatusOr<FramePage> SqliteJobStore::ListFrames(
    absl::string_view name, int page_size, absl::string_view page_token) {
  return ReadOf(name, [&](SqliteJobTable& table) -> absl::StatusOr<FramePage> {
    ASSIGN_OR_RETURN(const JobRow job, Load(table, name));
    int64_t after = -1;
    if (!page_token.empty()) {
      ASSIGN_OR_RETURN(after, DecodeCursor(FrameList(name), page_token));
    }
    FramePage page;
    int64_t found = 0, last = 0;
    RETURN_IF_ERROR(table.db().Select(
        "SELECT blob, sequence, proto, step FROM frame WHERE job = ? AND "
        "step > ? ORDER BY step LIMIT ?",
        {job.id, after, page_size + 1}, [&](const SqlRow& row) {
          if (++found > page_size) return absl::OkStatus();
          last = row.Int(3);
          // One that does not parse is no other frame's concern.
          if (std::optional<KeptFrame> frame = FrameOfRow(row)) {
            page.frames.push_back(*std::move(frame));
          }
          return absl::OkStatus();
        }));
    if (found > page_size) {
      page.next_page_token = EncodeCursor(FrameList(name), last);
    }
    return page;
  });
}

absl::StatusOr<KeptFrame> SqliteJobStore::GetFrame(absl::string_view name,
                                                   int64_t step) {
  return ReadOf(name, [&](SqliteJobTable& table) -> absl::StatusOr<KeptFrame> {
    ASSIGN_OR_RETURN(const JobRow job, Load(table, name));
    std::optional<KeptFrame> frame;
    RETURN_IF_ERROR(table.db().Select(
        "SELECT blob, sequence, proto FROM frame WHERE job = ? AND step = ?",
        {job.id, step}, [&](const SqlRow& row) {
          frame = FrameOfRow(row);
          return absl::OkStatus();
        }));
    if (frame.has_value()) return *std::move(frame);
    return absl::NotFoundError(
        absl::StrCat("no frame ", name, "/frames/", step, " was kept"));
  });
}

absl::StatusOr<WatchStart> SqliteJobStore::StartWatch(absl::string_view name,
                                                      int64_t after_sequence) {
  return ReadOf(name, [&](SqliteJobTable& table) -> absl::StatusOr<WatchStart> {
    ASSIGN_OR_RETURN(const JobRow row, Load(table, name));
    const int64_t after_change = after_sequence / kSequencesPerChange;
    if (after_sequence < 0 || after_change > row.changes) {
      return FieldError("after_sequence",
                        absl::StrCat(after_sequence, " is not a sequence of ",
                                     name, " so far; 0 watches from now on"));
    }
    WatchStart start;
    start.ended = HasEnded(row.job.state());
    if (after_sequence > 0) {
      ASSIGN_OR_RETURN(start.events, table.EventsAfter(row.id, after_change));
    }
    if (after_sequence == 0 || after_change < row.changes) {
      if (start.events.empty()) start.events.emplace_back();
      start.events.back() = StateEvent(ToStoredWithoutSpec(row));
    }
    if (start.ended) {
      ASSIGN_OR_RETURN(start.last_frame, table.LastFrame(row.id));
    }
    return start;
  });
}

absl::StatusOr<JobCounts> SqliteJobStore::Count() {
  return readers_->Read(
      [&](SqliteJobTable& table) -> absl::StatusOr<JobCounts> {
        JobCounts counts;
        RETURN_IF_ERROR(table.db().Select(
            "SELECT state, COUNT(*) FROM job GROUP BY state", {},
            [&](const SqlRow& row) {
              counts.by_state[static_cast<v1::Job::State>(row.Int(0))] =
                  row.Int(1);
              return absl::OkStatus();
            }));
        if (counts.by_state.count(v1::Job::QUEUED) == 0) return counts;
        RETURN_IF_ERROR(table.db().Select(
            "SELECT MIN(create_time) FROM job WHERE state = ?",
            {v1::Job::QUEUED}, [&](const SqlRow& row) {
              counts.oldest_queued = absl::FromUnixMicros(row.Int(0));
              return absl::OkStatus();
            }));
        return counts;
      });
}

absl::StatusOr<std::vector<QueuedJob>> SqliteJobStore::ListQueued(int limit) {
  return readers_->Read(
      [&](SqliteJobTable& table) -> absl::StatusOr<std::vector<QueuedJob>> {
        std::vector<QueuedJob> jobs;
        RETURN_IF_ERROR(table.db().Select(
            "SELECT name, priority, id, suspect FROM job WHERE state = ? AND "
            "(suspect = 0 OR NOT EXISTS (SELECT 1 FROM job WHERE suspect = 1 "
            "AND state IN (?, ?, ?))) "
            "ORDER BY suspect, priority DESC, id LIMIT ?",
            {v1::Job::QUEUED, v1::Job::RUNNING, v1::Job::PAUSING,
             v1::Job::CANCELLING, limit},
            [&](const SqlRow& row) {
              jobs.push_back({row.Text(0), static_cast<int>(row.Int(1)),
                              row.Int(2), row.Int(3) != 0});
              return absl::OkStatus();
            }));
        return jobs;
      });
}

absl::StatusOr<std::vector<std::string>> SqliteJobStore::ListGarbage(
    absl::Time before, int limit) {
  return readers_->Read(
      [&](SqliteJobTable& table) -> absl::StatusOr<std::vector<std::string>> {
        std::vector<std::string> blobs;
        RETURN_IF_ERROR(table.db().Select(
            "SELECT blob FROM garbage WHERE drop_time < ? "
            "ORDER BY drop_time, blob LIMIT ?",
            {absl::ToUnixMicros(before), limit}, [&](const SqlRow& row) {
              blobs.push_back(row.Text(0));
              return absl::OkStatus();
            }));
        return blobs;
      });
}

absl::StatusOr<std::vector<std::string>> SqliteJobStore::UsedBlobs(
    const std::vector<std::string>& blobs) {
  return readers_->Read(
      [&](SqliteJobTable& table) -> absl::StatusOr<std::vector<std::string>> {
        std::vector<std::string> used;
        for (const std::string& blob : blobs) {
          RETURN_IF_ERROR(table.db().Select(
              "SELECT blob FROM blob_use WHERE blob = ? LIMIT 1", {blob},
              [&](const SqlRow& row) {
                used.push_back(row.Text(0));
                return absl::OkStatus();
              }));
        }
        return used;
      });
}

}  // namespace phosphene
