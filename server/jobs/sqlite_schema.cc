#include "server/jobs/sqlite_schema.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

// The SQL keeps to what PostgreSQL says alike, but for the key of `job`.
// * job: `proto` is the v1.Job without its spec; the columns beside it repeat
//   what is searched for or guarded. `changes` counts state changes (event
//   sequences), `revision` all writes (etag), `crashes` the workers lost since
//   the last checkpoint. Times are microseconds since 1970.
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
  if (version < 1) RETURN_IF_ERROR(db.ExecuteScript(kVersion1));
  RETURN_IF_ERROR(db.Execute("DELETE FROM schema_version").status());
  RETURN_IF_ERROR(db.Execute("INSERT INTO schema_version (version) VALUES (?)",
                             {kSqliteSchemaVersion})
                      .status());
  return transaction.Commit();
}

}  // namespace phosphene
