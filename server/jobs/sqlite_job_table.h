#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/jobs/job_store.h"
#include "server/jobs/sqlite_db.h"
#include "server/jobs/sqlite_job_row.h"

namespace phosphene {

// What SqliteJobStore reads and writes, each within its caller's transaction.
// Thread-compatible.
class SqliteJobTable {
 public:
  explicit SqliteJobTable(SqliteDb& db) : db_(db) {}
  SqliteDb& db() { return db_; }

  absl::StatusOr<JobRow> Load(absl::string_view name);
  // Rows of a condition over `job`, with the order they come in.
  absl::StatusOr<std::vector<JobRow>> LoadWhere(
      absl::string_view condition_and_order,
      const std::vector<SqlValue>& values);
  // The spec of a row. DamagedJob when it does not parse.
  absl::StatusOr<v1::JobSpec> LoadSpec(const JobRow& row);
  int64_t SpecSize(const JobRow& row);
  // The row with its spec. Of an ended job a spec that does not parse is left
  // out, with a warning; of others it is DamagedJob.
  absl::StatusOr<StoredJob> WithSpec(const JobRow& row);
  // Sets the labels of a row whose message is damaged.
  absl::Status RestoreLabels(JobRow& row);

  // Adds a row with its spec; sets its id. Labels are the row's.
  absl::Status Insert(JobRow& row, const v1::JobSpec& spec, absl::Time now);
  // Writes a row back under a new revision and etag. ABORTED when the table
  // holds another state or attempt than it was loaded with. A new state is a
  // change with an event.
  absl::Status Save(JobRow& row, absl::Time now);
  absl::Status WriteLabels(const JobRow& row);
  // Removes a row and all that belongs to it; its blobs become garbage.
  absl::Status Remove(const JobRow& row, absl::Time now);
  // A worker may still write under the row's attempt: keeps it from a later
  // job of the same name, until ForgetFences: no worker is left.
  absl::Status Fence(const JobRow& row);
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
  // Events after a change, oldest first; damaged ones are left out.
  absl::StatusOr<std::vector<v1::JobEvent>> EventsAfter(int64_t job,
                                                        int64_t change);

 private:
  absl::Status WriteEvent(const JobRow& row);
  absl::Status Drop(const std::vector<std::string>& blobs, absl::Time now);

  SqliteDb& db_;
};

// A frame of a row (blob, sequence, proto); none when it does not parse.
std::optional<KeptFrame> FrameOfRow(const SqlRow& row);

}  // namespace phosphene
