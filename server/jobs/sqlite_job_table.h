#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/jobs/job_store.h"
#include "server/jobs/sqlite_db.h"

namespace phosphene {

// A row of the table `job`.
struct JobRow {
  int64_t id = 0;
  v1::Job job;       // without its spec
  std::string spec;  // serialized
  int64_t changes = 0;
  int64_t revision = 0;
  bool pause_requested = false;
  int crashes = 0;

  int64_t sequence() const { return changes * kSequencesPerChange; }
};

// With the spec, or (for listeners and events) without it. DATA_LOSS when the
// spec does not parse.
absl::StatusOr<StoredJob> ToStored(const JobRow& row);
StoredJob ToStoredWithoutSpec(const JobRow& row);

// NOT_FOUND naming the job.
absl::Status MissingJob(absl::string_view name);
// ABORTED: the attempt is not the job's, or not with a worker any more.
absl::Status Fenced(absl::string_view name, int attempt);

// What SqliteJobStore reads and writes, each within its caller's transaction.
// Thread-compatible.
class SqliteJobTable {
 public:
  explicit SqliteJobTable(SqliteDb& db) : db_(db) {}

  absl::StatusOr<JobRow> Load(absl::string_view name);
  // Rows of a condition over `job`, in the order of `order`.
  absl::Status LoadWhere(absl::string_view condition_and_order,
                         const std::vector<SqlValue>& values,
                         const std::function<absl::Status(JobRow)>& visit);

  // Adds a row; sets its id. Labels are the row's.
  absl::Status Insert(JobRow& row, absl::Time now);
  // Writes a row back under a new revision and etag. `was` and `attempt` are
  // the state and attempt it was loaded with: ABORTED when the table holds
  // others by now. A new state is a change with an event.
  absl::Status Save(JobRow& row, v1::Job::State was, int attempt,
                    absl::Time now);
  absl::Status WriteLabels(const JobRow& row);
  // Removes a row and all that belongs to it; its blobs become garbage.
  // `with_worker`: one may still write under this attempt; it stays fenced
  // from a later job of the same name.
  absl::Status Remove(const JobRow& row, bool with_worker, absl::Time now);
  // No worker is left.
  absl::Status ForgetFences();

  // Notes that the job refers to a blob as `role`.
  absl::Status Use(int64_t job, absl::string_view role, absl::string_view blob);
  // Ends what the job refers to as `role`; a blob nobody else refers to
  // becomes garbage.
  absl::Status Unuse(int64_t job, absl::string_view role, absl::Time now);
  // Both, for a role with one blob. Empty `blob`: Unuse alone.
  absl::Status Replace(int64_t job, absl::string_view role,
                       absl::string_view blob, absl::Time now);

  absl::Status WriteFrame(int64_t job, const KeptFrame& frame, absl::Time now);
  absl::Status WriteLastFrame(int64_t job, const KeptFrame& frame,
                              absl::Time now);
  absl::StatusOr<std::optional<KeptFrame>> LastFrame(int64_t job);
  // Events after a change, oldest first.
  absl::StatusOr<std::vector<v1::JobEvent>> EventsAfter(int64_t job,
                                                        int64_t change);

 private:
  absl::Status WriteEvent(const JobRow& row);
  absl::Status Drop(const std::vector<std::string>& blobs, absl::Time now);

  SqliteDb& db_;
};

// A frame of a row (blob, sequence, proto) beginning at `column`.
absl::StatusOr<KeptFrame> FrameOfRow(const SqlRow& row, int column);

}  // namespace phosphene
