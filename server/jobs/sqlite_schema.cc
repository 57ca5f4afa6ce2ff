// The tables of the job store, version by version.

#include "server/jobs/sqlite_schema.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/jobs/sqlite_job_row.h"

namespace phosphene {
namespace {

// The SQL keeps to what PostgreSQL says alike, but for the key of `job`. A
// store is brought from version to version, a new one from none.
// * job: `proto` is the v1.Job with what is small of it; the columns beside it
//   repeat what is searched for or guarded. `changes` counts state changes
//   (event sequences), `revision` all writes (etag), `crashes` the workers lost
//   since the last checkpoint; `suspect`: so many that it may be the cause.
//   Times are microseconds since 1970.
// * job_spec, job_outcome: what may be large, so that a list reads narrow rows.
// * event: the job as it was after a state change, for watchers.
// * frame: kept frames; last_frame: the one a watcher of an ended job sees.
// * fence: attempts of jobs removed while a worker ran them; a job of the same
//   name starts above them, so that the worker stays fenced.
// * blob_use: who refers to a blob, and as what; garbage: blobs nobody does.
constexpr char kVersion1[] = R"sql(
CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  model TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  changes INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  pause_requested INTEGER NOT NULL,
  crashes INTEGER NOT NULL,
  proto BLOB NOT NULL,
  spec BLOB NOT NULL);
CREATE INDEX job_by_state ON job (state, priority DESC, id);
CREATE TABLE job_label (
  job INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (job, key));
CREATE TABLE request (
  request_id TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  job INTEGER NOT NULL);
CREATE INDEX request_by_job ON request (job);
CREATE TABLE event (
  job INTEGER NOT NULL,
  change INTEGER NOT NULL,
  proto BLOB NOT NULL,
  PRIMARY KEY (job, change));
CREATE TABLE frame (
  job INTEGER NOT NULL,
  step INTEGER NOT NULL,
  blob TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  proto BLOB NOT NULL,
  PRIMARY KEY (job, step));
CREATE TABLE last_frame (
  job INTEGER PRIMARY KEY,
  blob TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  proto BLOB NOT NULL);
CREATE TABLE fence (
  name TEXT PRIMARY KEY,
  attempt INTEGER NOT NULL);
CREATE TABLE blob_use (
  job INTEGER NOT NULL,
  role TEXT NOT NULL,
  blob TEXT NOT NULL,
  PRIMARY KEY (job, role, blob));
CREATE INDEX blob_use_by_blob ON blob_use (blob);
CREATE TABLE garbage (
  blob TEXT PRIMARY KEY,
  drop_time INTEGER NOT NULL);
)sql";

// Large values apart from the rows; PAUSING is a state, not a wish beside one;
// suspects last in the queue; request ids without case.
constexpr char kVersion2[] = R"sql(
CREATE TABLE job_spec (
  job INTEGER PRIMARY KEY,
  spec BLOB NOT NULL);
CREATE TABLE job_outcome (
  job INTEGER PRIMARY KEY,
  outcome BLOB NOT NULL);
INSERT INTO job_spec (job, spec) SELECT id, spec FROM job;
ALTER TABLE job DROP COLUMN spec;
ALTER TABLE job ADD COLUMN suspect INTEGER NOT NULL DEFAULT 0;
DROP INDEX job_by_state;
CREATE INDEX job_by_state ON job (state, suspect, priority DESC, id);
UPDATE OR IGNORE request SET request_id = lower(request_id);
)sql";

// Brings one message of version 1 to what version 2 holds of it. One that does
// not parse stays as it is: the store tells of it when it is met.
absl::Status SplitJob(SqliteDb& db, int64_t id) {
  v1::Job job;
  v1::JobSpec spec;
  bool parsed = false, pausing = false;
  RETURN_IF_ERROR(db.Select(
      "SELECT proto, spec, pause_requested, crashes FROM job JOIN job_spec ON "
      "job = id WHERE id = ?",
      {id}, [&](const SqlRow& row) {
        parsed = job.ParseFromString(row.Text(0));
        pausing = row.Int(2) != 0 && job.state() == v1::Job::RUNNING;
        if (spec.ParseFromString(row.Text(1))) {
          job.mutable_spec()->set_model(spec.model());
        }
        return absl::OkStatus();
      }));
  if (!parsed) return absl::OkStatus();
  if (pausing) job.set_state(v1::Job::PAUSING);
  const std::string outcome = OutcomeBytes(job);
  if (!outcome.empty()) {
    RETURN_IF_ERROR(
        db.Execute("INSERT INTO job_outcome (job, outcome) VALUES (?, ?)",
                   {id, SqlValue::Bytes(outcome)})
            .status());
  }
  return db
      .Execute("UPDATE job SET state = ?, proto = ? WHERE id = ?",
               {job.state(), SqlValue::Bytes(NarrowBytes(job)), id})
      .status();
}

absl::Status MigrateTo2(SqliteDb& db) {
  RETURN_IF_ERROR(db.ExecuteScript(kVersion2));
  std::vector<int64_t> ids;
  RETURN_IF_ERROR(db.Select("SELECT id FROM job", {}, [&](const SqlRow& row) {
    ids.push_back(row.Int(0));
    return absl::OkStatus();
  }));
  for (const int64_t id : ids) RETURN_IF_ERROR(SplitJob(db, id));
  return db.ExecuteScript("ALTER TABLE job DROP COLUMN pause_requested");
}

absl::StatusOr<int64_t> ReadVersion(SqliteDb& db) {
  RETURN_IF_ERROR(db.ExecuteScript(
      "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)"));
  int64_t version = 0;
  RETURN_IF_ERROR(db.Select("SELECT version FROM schema_version", {},
                            [&](const SqlRow& row) {
                              version = row.Int(0);
                              return absl::OkStatus();
                            }));
  return version;
}

}  // namespace

absl::Status PrepareSqliteSchema(SqliteDb& db) {
  SqliteTransaction transaction(db);
  RETURN_IF_ERROR(transaction.Begin());
  ASSIGN_OR_RETURN(const int64_t version, ReadVersion(db));
  if (version > kSqliteSchemaVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the job store has schema ", version, ", this program knows ",
        kSqliteSchemaVersion, "; use a newer phosphened"));
  }
  if (version == kSqliteSchemaVersion) return transaction.Commit();
  if (version < 1) RETURN_IF_ERROR(db.ExecuteScript(kVersion1));
  if (version < 2) RETURN_IF_ERROR(MigrateTo2(db));
  RETURN_IF_ERROR(db.Execute("DELETE FROM schema_version").status());
  RETURN_IF_ERROR(db.Execute("INSERT INTO schema_version (version) VALUES (?)",
                             {kSqliteSchemaVersion})
                      .status());
  return transaction.Commit();
}

}  // namespace phosphene
