// The tables of a job: rows, specs, events, frames, and who uses which blob.

#include "server/jobs/sqlite_job_table.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/jobs/fingerprint.h"
#include "server/jobs/proto_time.h"
#include "server/rules/rules.h"

namespace phosphene {
namespace {

// State changes kept for watchers that come back; a job paused and resumed
// for ever must not fill the disk.
constexpr int64_t kMaxEvents = 100;

}  // namespace

std::optional<KeptFrame> FrameOfRow(const SqlRow& row) {
  KeptFrame frame;
  frame.blob = row.Text(0);
  frame.sequence = row.Int(1);
  if (!frame.info.ParseFromString(row.Text(2))) return std::nullopt;
  return frame;
}

absl::StatusOr<std::vector<JobRow>> SqliteJobTable::LoadWhere(
    absl::string_view condition_and_order,
    const std::vector<SqlValue>& values) {
  const std::string sql =
      absl::StrCat("SELECT ", kJobColumns,
                   " FROM job LEFT JOIN job_outcome ON job_outcome.job = "
                   "job.id WHERE ",
                   condition_and_order);
  std::vector<JobRow> rows;
  RETURN_IF_ERROR(
      db_.Select(sql, values.data(), values.size(), [&](const SqlRow& from) {
        rows.push_back(RowOf(from));
        return absl::OkStatus();
      }));
  return rows;
}

absl::StatusOr<JobRow> SqliteJobTable::Load(absl::string_view name) {
  ASSIGN_OR_RETURN(std::vector<JobRow> rows, LoadWhere("name = ?", {name}));
  if (rows.empty()) return MissingJob(name);
  return std::move(rows[0]);
}

int64_t SqliteJobTable::SpecSize(const JobRow& row) {
  int64_t size = 0;
  (void)db_.Select("SELECT LENGTH(spec) FROM job_spec WHERE job = ?", {row.id},
                   [&](const SqlRow& from) {
                     size = from.Int(0);
                     return absl::OkStatus();
                   });
  return size;
}

absl::StatusOr<v1::JobSpec> SqliteJobTable::LoadSpec(const JobRow& row) {
  v1::JobSpec spec;
  bool parsed = false;
  RETURN_IF_ERROR(db_.Select("SELECT spec FROM job_spec WHERE job = ?",
                             {row.id}, [&](const SqlRow& from) {
                               parsed = spec.ParseFromString(from.Text(0));
                               return absl::OkStatus();
                             }));
  // Bytes that are no message may parse as another one.
  if (parsed && ModelOf(spec) == ModelOf(row.job.spec())) return spec;
  return DamagedJob(row.job.name(), "its spec does not parse");
}

absl::StatusOr<StoredJob> SqliteJobTable::WithSpec(const JobRow& row) {
  StoredJob stored = ToStoredWithoutSpec(row);
  absl::StatusOr<v1::JobSpec> spec = LoadSpec(row);
  if (spec.ok()) {
    *stored.job.mutable_spec() = *std::move(spec);
    return stored;
  }
  if (!IsDamagedJob(spec.status()) || !HasEnded(row.job.state())) {
    return spec.status();
  }
  *stored.job.mutable_spec() = row.job.spec();
  stored.job.add_warnings("the stored spec does not parse; it is left out");
  return stored;
}

absl::Status SqliteJobTable::RestoreLabels(JobRow& row) {
  return db_.Select("SELECT key, value FROM job_label WHERE job = ?", {row.id},
                    [&](const SqlRow& from) {
                      (*row.job.mutable_labels())[from.Text(0)] = from.Text(1);
                      return absl::OkStatus();
                    });
}

absl::Status SqliteJobTable::Insert(JobRow& row, const v1::JobSpec& spec,
                                    absl::Time now) {
  row.changes = 1;
  row.revision = 1;
  *row.job.mutable_create_time() = ToProtoTime(now);
  *row.job.mutable_update_time() = ToProtoTime(now);
  row.job.mutable_spec()->set_model(spec.model());
  RETURN_IF_ERROR(db_.Select("SELECT attempt FROM fence WHERE name = ?",
                             {row.job.name()}, [&](const SqlRow& from) {
                               row.job.set_attempt(from.Int(0));
                               return absl::OkStatus();
                             }));
  // The etag needs the id, so the message is written by a second statement.
  RETURN_IF_ERROR(db_.Select(
      "INSERT INTO job (name, state, attempt, priority, model, create_time, "
      "changes, revision, crashes, suspect, proto) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?) RETURNING id",
      {row.job.name(), row.job.state(), row.job.attempt(), row.job.priority(),
       ModelOf(spec), absl::ToUnixMicros(now), row.changes, row.revision,
       SqlValue::Bytes("")},
      [&](const SqlRow& from) {
        row.id = from.Int(0);
        return absl::OkStatus();
      }));
  row.job.set_etag(EtagOf(row));
  RETURN_IF_ERROR(db_.Execute("UPDATE job SET proto = ? WHERE id = ?",
                              {SqlValue::Bytes(NarrowBytes(row.job)), row.id})
                      .status());
  const std::string bytes = DeterministicBytes(spec);
  RETURN_IF_ERROR(db_.Execute("INSERT INTO job_spec (job, spec) VALUES (?, ?)",
                              {row.id, SqlValue::Bytes(bytes)})
                      .status());
  absl::Status used;
  VisitTexts(spec, "spec", v1::FieldRules::BLOB, [&](const RuledText& blob) {
    if (used.ok()) used = Use(row.id, "spec", blob.value);
  });
  RETURN_IF_ERROR(used);
  RETURN_IF_ERROR(WriteLabels(row));
  return WriteEvent(row);
}

absl::Status SqliteJobTable::Save(JobRow& row, absl::Time now) {
  const bool changed = row.job.state() != row.stored_state;
  if (changed) ++row.changes;
  ++row.revision;
  *row.job.mutable_update_time() = ToProtoTime(now);
  row.job.set_etag(EtagOf(row));
  ASSIGN_OR_RETURN(
      const int64_t rows,
      db_.Execute("UPDATE job SET state = ?, attempt = ?, priority = ?, "
                  "changes = ?, revision = ?, crashes = ?, suspect = ?, "
                  "proto = ? WHERE name = ? AND attempt = ? AND state = ?",
                  {row.job.state(), row.job.attempt(), row.job.priority(),
                   row.changes, row.revision, row.crashes, row.suspect(),
                   SqlValue::Bytes(NarrowBytes(row.job)), row.job.name(),
                   row.stored_attempt, row.stored_state}));
  if (rows == 0) return Fenced(row.job.name(), row.stored_attempt);
  const std::string outcome = OutcomeBytes(row.job);
  if (outcome != row.stored_outcome) {
    RETURN_IF_ERROR(
        db_.Execute("INSERT INTO job_outcome (job, outcome) VALUES (?, ?) "
                    "ON CONFLICT (job) DO UPDATE "
                    "SET outcome = excluded.outcome",
                    {row.id, SqlValue::Bytes(outcome)})
            .status());
  }
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

absl::Status SqliteJobTable::Fence(const JobRow& row) {
  return db_
      .Execute(
          "INSERT INTO fence (name, attempt) VALUES (?, ?) "
          "ON CONFLICT (name) DO UPDATE SET attempt = excluded.attempt",
          {row.job.name(), row.stored_attempt})
      .status();
}

absl::Status SqliteJobTable::ForgetFences() {
  return db_.Execute("DELETE FROM fence").status();
}

absl::Status SqliteJobTable::Remove(const JobRow& row, absl::Time now) {
  std::vector<std::string> blobs;
  RETURN_IF_ERROR(db_.Select("SELECT DISTINCT blob FROM blob_use WHERE job = ?",
                             {row.id}, [&](const SqlRow& from) {
                               blobs.push_back(from.Text(0));
                               return absl::OkStatus();
                             }));
  if (HasWorker(row.stored_state)) RETURN_IF_ERROR(Fence(row));
  for (const char* sql :
       {"DELETE FROM job_label WHERE job = ?",
        "DELETE FROM request WHERE job = ?", "DELETE FROM event WHERE job = ?",
        "DELETE FROM frame WHERE job = ?",
        "DELETE FROM last_frame WHERE job = ?",
        "DELETE FROM blob_use WHERE job = ?",
        "DELETE FROM job_spec WHERE job = ?",
        "DELETE FROM job_outcome WHERE job = ?",
        "DELETE FROM job WHERE id = ?"}) {
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
                 {job}, [&](const SqlRow& row) {
                   found = FrameOfRow(row);
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
        if (!events.emplace_back().ParseFromString(row.Text(0))) {
          events.pop_back();
        }
        return absl::OkStatus();
      }));
  return events;
}

}  // namespace phosphene
