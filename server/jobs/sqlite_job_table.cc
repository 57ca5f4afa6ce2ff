#include "server/jobs/sqlite_job_table.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"
#include "server/jobs/proto_time.h"
#include "server/rules/rules.h"

namespace phosphene {
namespace {

// State changes kept for watchers that come back; a job paused and resumed
// for ever must not fill the disk.
constexpr int64_t kMaxEvents = 100;

constexpr char kColumns[] =
    "id, proto, spec, changes, revision, pause_requested, crashes";

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat("job store: ", what, " does not parse"));
}

absl::StatusOr<JobRow> RowOf(const SqlRow& from) {
  JobRow row;
  row.id = from.Int(0);
  if (!row.job.ParseFromString(from.Text(1))) return Damaged("a job");
  row.spec = from.Text(2);
  row.changes = from.Int(3);
  row.revision = from.Int(4);
  row.pause_requested = from.Int(5) != 0;
  row.crashes = static_cast<int>(from.Int(6));
  return row;
}

// Equal only for the same revision of the same job; a name may be used again.
std::string Etag(const JobRow& row) {
  return Sha256Hex(absl::StrCat(row.id, " ", row.job.name(), " ",
                                row.job.create_time().SerializeAsString(), " ",
                                row.revision))
      .substr(0, 16);
}

}  // namespace

StoredJob ToStoredWithoutSpec(const JobRow& row) {
  StoredJob stored;
  stored.job = row.job;
  stored.sequence = row.sequence();
  stored.pause_requested = row.pause_requested;
  return stored;
}

absl::StatusOr<StoredJob> ToStored(const JobRow& row) {
  StoredJob stored = ToStoredWithoutSpec(row);
  if (!stored.job.mutable_spec()->ParseFromString(row.spec)) {
    return Damaged(absl::StrCat("the spec of ", row.job.name()));
  }
  return stored;
}

absl::Status MissingJob(absl::string_view name) {
  return absl::NotFoundError(absl::StrCat("no job ", name));
}

absl::Status Fenced(absl::string_view name, int attempt) {
  return absl::AbortedError(
      absl::StrCat("attempt ", attempt, " of ", name,
                   " is over: its result does not count"));
}

absl::StatusOr<KeptFrame> FrameOfRow(const SqlRow& row, int column) {
  KeptFrame frame;
  frame.blob = row.Text(column);
  frame.sequence = row.Int(column + 1);
  if (!frame.info.ParseFromString(row.Text(column + 2))) {
    return Damaged("a frame");
  }
  return frame;
}

absl::Status SqliteJobTable::LoadWhere(
    absl::string_view condition_and_order, const std::vector<SqlValue>& values,
    const std::function<absl::Status(JobRow)>& visit) {
  const std::string sql = absl::StrCat("SELECT ", kColumns, " FROM job WHERE ",
                                       condition_and_order);
  return db_.Select(sql, values.data(), values.size(), [&](const SqlRow& from) {
    absl::StatusOr<JobRow> row = RowOf(from);
    return row.ok() ? visit(*std::move(row)) : row.status();
  });
}

absl::StatusOr<JobRow> SqliteJobTable::Load(absl::string_view name) {
  std::optional<JobRow> found;
  RETURN_IF_ERROR(LoadWhere("name = ?", {name}, [&](JobRow row) {
    found = std::move(row);
    return absl::OkStatus();
  }));
  if (!found.has_value()) return MissingJob(name);
  return *std::move(found);
}

absl::Status SqliteJobTable::Insert(JobRow& row, absl::Time now) {
  row.changes = 1;
  row.revision = 1;
  *row.job.mutable_create_time() = ToProtoTime(now);
  *row.job.mutable_update_time() = ToProtoTime(now);
  v1::JobSpec spec;
  if (!spec.ParseFromString(row.spec)) return Damaged("the spec");
  const absl::string_view model = absl::StripPrefix(spec.model(), "models/");
  RETURN_IF_ERROR(db_.Select("SELECT attempt FROM fence WHERE name = ?",
                             {row.job.name()}, [&](const SqlRow& from) {
                               row.job.set_attempt(from.Int(0));
                               return absl::OkStatus();
                             }));
  // The etag needs the id, so the message is written by a second statement.
  RETURN_IF_ERROR(db_.Select(
      "INSERT INTO job (name, state, attempt, priority, model, create_time, "
      "changes, revision, pause_requested, crashes, proto, spec) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?) RETURNING id",
      {row.job.name(), row.job.state(), row.job.attempt(), row.job.priority(),
       model, absl::ToUnixMicros(now), row.changes, row.revision,
       SqlValue::Bytes(""), SqlValue::Bytes(row.spec)},
      [&](const SqlRow& from) {
        row.id = from.Int(0);
        return absl::OkStatus();
      }));
  row.job.set_etag(Etag(row));
  RETURN_IF_ERROR(
      db_.Execute("UPDATE job SET proto = ? WHERE id = ?",
                  {SqlValue::Bytes(row.job.SerializeAsString()), row.id})
          .status());
  absl::Status used;
  VisitTexts(spec, "spec", v1::FieldRules::BLOB, [&](const RuledText& blob) {
    if (used.ok()) used = Use(row.id, "spec", blob.value);
  });
  RETURN_IF_ERROR(used);
  RETURN_IF_ERROR(WriteLabels(row));
  return WriteEvent(row);
}

absl::Status SqliteJobTable::Save(JobRow& row, v1::Job::State was, int attempt,
                                  absl::Time now) {
  const bool changed = row.job.state() != was;
  if (changed) ++row.changes;
  ++row.revision;
  *row.job.mutable_update_time() = ToProtoTime(now);
  row.job.set_etag(Etag(row));
  ASSIGN_OR_RETURN(
      const int64_t rows,
      db_.Execute("UPDATE job SET state = ?, attempt = ?, priority = ?, "
                  "changes = ?, revision = ?, pause_requested = ?, "
                  "crashes = ?, proto = ? "
                  "WHERE name = ? AND attempt = ? AND state = ?",
                  {row.job.state(), row.job.attempt(), row.job.priority(),
                   row.changes, row.revision, row.pause_requested, row.crashes,
                   SqlValue::Bytes(row.job.SerializeAsString()), row.job.name(),
                   attempt, was}));
  if (rows == 0) return Fenced(row.job.name(), attempt);
  return changed ? WriteEvent(row) : absl::OkStatus();
}

absl::Status SqliteJobTable::WriteEvent(const JobRow& row) {
  const std::string bytes =
      StateEvent(ToStoredWithoutSpec(row)).SerializeAsString();
  RETURN_IF_ERROR(
      db_.Execute("INSERT INTO event (job, change, proto) VALUES (?, ?, ?)",
                  {row.id, row.changes, SqlValue::Bytes(bytes)})
          .status());
  return db_
      .Execute("DELETE FROM event WHERE job = ? AND change <= ?",
               {row.id, row.changes - kMaxEvents})
      .status();
}

absl::Status SqliteJobTable::WriteLabels(const JobRow& row) {
  RETURN_IF_ERROR(
      db_.Execute("DELETE FROM job_label WHERE job = ?", {row.id}).status());
  for (const auto& [key, value] : row.job.labels()) {
    RETURN_IF_ERROR(db_.Execute("INSERT INTO job_label (job, key, value) "
                                "VALUES (?, ?, ?)",
                                {row.id, key, value})
                        .status());
  }
  return absl::OkStatus();
}

absl::Status SqliteJobTable::ForgetFences() {
  return db_.Execute("DELETE FROM fence").status();
}

absl::Status SqliteJobTable::Remove(const JobRow& row, bool with_worker,
                                    absl::Time now) {
  std::vector<std::string> blobs;
  RETURN_IF_ERROR(db_.Select("SELECT DISTINCT blob FROM blob_use WHERE job = ?",
                             {row.id}, [&](const SqlRow& from) {
                               blobs.push_back(from.Text(0));
                               return absl::OkStatus();
                             }));
  if (with_worker) {
    RETURN_IF_ERROR(
        db_.Execute("INSERT INTO fence (name, attempt) VALUES (?, ?) "
                    "ON CONFLICT (name) DO UPDATE "
                    "SET attempt = excluded.attempt",
                    {row.job.name(), row.job.attempt()})
            .status());
  }
  for (const char* sql :
       {"DELETE FROM job_label WHERE job = ?",
        "DELETE FROM request WHERE job = ?", "DELETE FROM event WHERE job = ?",
        "DELETE FROM frame WHERE job = ?",
        "DELETE FROM last_frame WHERE job = ?",
        "DELETE FROM blob_use WHERE job = ?", "DELETE FROM job WHERE id = ?"}) {
    RETURN_IF_ERROR(db_.Execute(sql, {row.id}).status());
  }
  return Drop(blobs, now);
}

absl::Status SqliteJobTable::Use(int64_t job, absl::string_view role,
                                 absl::string_view blob) {
  RETURN_IF_ERROR(db_.Execute("INSERT INTO blob_use (job, role, blob) "
                              "VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                              {job, role, blob})
                      .status());
  return db_.Execute("DELETE FROM garbage WHERE blob = ?", {blob}).status();
}

absl::Status SqliteJobTable::Unuse(int64_t job, absl::string_view role,
                                   absl::Time now) {
  std::vector<std::string> blobs;
  RETURN_IF_ERROR(
      db_.Select("SELECT blob FROM blob_use WHERE job = ? AND role = ?",
                 {job, role}, [&](const SqlRow& from) {
                   blobs.push_back(from.Text(0));
                   return absl::OkStatus();
                 }));
  if (blobs.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(db_.Execute("DELETE FROM blob_use WHERE job = ? AND role = ?",
                              {job, role})
                      .status());
  return Drop(blobs, now);
}

absl::Status SqliteJobTable::Replace(int64_t job, absl::string_view role,
                                     absl::string_view blob, absl::Time now) {
  RETURN_IF_ERROR(Unuse(job, role, now));
  return blob.empty() ? absl::OkStatus() : Use(job, role, blob);
}

absl::Status SqliteJobTable::Drop(const std::vector<std::string>& blobs,
                                  absl::Time now) {
  for (const std::string& blob : blobs) {
    RETURN_IF_ERROR(
        db_.Execute("INSERT INTO garbage (blob, drop_time) SELECT ?, ? WHERE "
                    "NOT EXISTS (SELECT 1 FROM blob_use WHERE blob = ?) "
                    "ON CONFLICT DO NOTHING",
                    {blob, absl::ToUnixMicros(now), blob})
            .status());
  }
  return absl::OkStatus();
}

absl::Status SqliteJobTable::WriteFrame(int64_t job, const KeptFrame& frame,
                                        absl::Time now) {
  RETURN_IF_ERROR(
      db_.Execute("INSERT INTO frame (job, step, blob, sequence, proto) "
                  "VALUES (?, ?, ?, ?, ?) ON CONFLICT (job, step) DO UPDATE "
                  "SET blob = excluded.blob, sequence = excluded.sequence, "
                  "proto = excluded.proto",
                  {job, frame.info.step(), frame.blob, frame.sequence,
                   SqlValue::Bytes(frame.info.SerializeAsString())})
          .status());
  return Replace(job, absl::StrCat("frame ", frame.info.step()), frame.blob,
                 now);
}

absl::Status SqliteJobTable::WriteLastFrame(int64_t job, const KeptFrame& frame,
                                            absl::Time now) {
  RETURN_IF_ERROR(
      db_.Execute("INSERT INTO last_frame (job, blob, sequence, proto) "
                  "VALUES (?, ?, ?, ?) ON CONFLICT (job) DO UPDATE "
                  "SET blob = excluded.blob, sequence = excluded.sequence, "
                  "proto = excluded.proto",
                  {job, frame.blob, frame.sequence,
                   SqlValue::Bytes(frame.info.SerializeAsString())})
          .status());
  return Replace(job, "last_frame", frame.blob, now);
}

absl::StatusOr<std::optional<KeptFrame>> SqliteJobTable::LastFrame(
    int64_t job) {
  std::optional<KeptFrame> found;
  RETURN_IF_ERROR(
      db_.Select("SELECT blob, sequence, proto FROM last_frame WHERE job = ?",
                 {job}, [&](const SqlRow& row) -> absl::Status {
                   ASSIGN_OR_RETURN(found, FrameOfRow(row, 0));
                   return absl::OkStatus();
                 }));
  return found;
}

absl::StatusOr<std::vector<v1::JobEvent>> SqliteJobTable::EventsAfter(
    int64_t job, int64_t change) {
  std::vector<v1::JobEvent> events;
  RETURN_IF_ERROR(db_.Select(
      "SELECT proto FROM event WHERE job = ? AND change > ? ORDER BY change",
      {job, change}, [&](const SqlRow& row) {
        return events.emplace_back().ParseFromString(row.Text(0))
                   ? absl::OkStatus()
                   : Damaged("an event");
      }));
  return events;
}

}  // namespace phosphene
