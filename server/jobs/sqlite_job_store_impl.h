#pragma once

// The class behind OpenSqliteJobStore; its methods are spread over
// sqlite_job_store.cc (clients), sqlite_job_reads.cc (what only reads) and
// sqlite_job_workers.cc (workers).

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/base/posix_file.h"
#include "server/base/status_macros.h"
#include "server/jobs/job_store.h"
#include "server/jobs/outbox.h"
#include "server/jobs/sqlite_db.h"
#include "server/jobs/sqlite_job_row.h"
#include "server/jobs/sqlite_job_store.h"
#include "server/jobs/sqlite_job_table.h"
#include "server/jobs/sqlite_readers.h"
#include "server/jobs/sqlite_writer.h"
#include "server/jobs/state_machine.h"

namespace phosphene {

class SqliteJobStore : public JobStore {
 public:
  // `readers` are of the writer's database.
  SqliteJobStore(const SqliteJobStoreOptions& options,
                 std::unique_ptr<FileLock> lock,
                 std::unique_ptr<SqliteDb> writer,
                 std::unique_ptr<SqliteReaders> readers);

  void SetListener(Listener listener) override {
    outbox_.SetListener(std::move(listener));
  }
  absl::StatusOr<CreatedJob> Create(const NewJob& request) override;
  absl::StatusOr<StoredJob> Get(absl::string_view name) override;
  absl::StatusOr<JobPage> List(const JobQuery& query) override;
  absl::StatusOr<StoredJob> Update(absl::string_view name,
                                   const JobChanges& changes) override;
  absl::StatusOr<StoredJob> Cancel(absl::string_view name) override;
  absl::StatusOr<StoredJob> Pause(absl::string_view name) override;
  absl::StatusOr<StoredJob> Resume(absl::string_view name) override;
  absl::Status Delete(absl::string_view name, absl::string_view etag,
                      bool force) override;
  absl::StatusOr<FramePage> ListFrames(absl::string_view name, int page_size,
                                       absl::string_view page_token) override;
  absl::StatusOr<KeptFrame> GetFrame(absl::string_view name,
                                     int64_t step) override;
  absl::StatusOr<WatchStart> StartWatch(absl::string_view name,
                                        int64_t after_sequence) override;
  absl::StatusOr<JobCounts> Count() override;

  absl::StatusOr<std::vector<QueuedJob>> ListQueued(int limit) override;
  absl::StatusOr<StoredJob> Claim(absl::string_view name,
                                  absl::string_view device) override;
  absl::Status SaveCheckpoint(absl::string_view name, int attempt,
                              const CheckpointUpdate& checkpoint) override;
  absl::Status KeepFrame(absl::string_view name, int attempt,
                         const KeptFrame& frame) override;
  absl::StatusOr<StoredJob> Finish(absl::string_view name, int attempt,
                                   v1::Job::State seen,
                                   const RunOutcome& outcome) override;
  absl::StatusOr<std::vector<Orphan>> RecoverOrphans(int max_crashes) override;
  absl::StatusOr<std::vector<std::string>> ListGarbage(absl::Time before,
                                                       int limit) override;
  absl::Status ForgetGarbage(const std::vector<std::string>& blobs) override;
  absl::StatusOr<std::vector<std::string>> UsedBlobs(
      const std::vector<std::string>& blobs) override;

 private:
  using Disk = SqliteWriter::Disk;

  static const absl::Status& StatusOf(const absl::Status& status) {
    return status;
  }
  template <typename T>
  static const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
    return result.status();
  }

  // Runs `work`, a function of a SqliteWrite& that answers a Status or
  // StatusOr, as one write.
  template <typename Work>
  auto Commit(const Work& work, Disk disk = Disk::kAsItIs)
      -> decltype(work(std::declval<SqliteWrite&>())) {
    decltype(work(std::declval<SqliteWrite&>())) result =
        absl::InternalError("not run");
    RETURN_IF_ERROR(writer_.Run(
        [&](SqliteWrite& write) {
          result = work(write);
          return StatusOf(result);
        },
        disk));
    return result;
  }

  // Runs `work`, a call about one job. A job it cannot read is condemned to be
  // FAILED, and then `work` runs again.
  template <typename Work>
  auto Heal(absl::string_view name, const Work& work) -> decltype(work()) {
    auto result = work();
    if (!IsDamagedJob(StatusOf(result))) return result;
    RETURN_IF_ERROR(Condemn(name, StatusOf(result)));
    return work();
  }
  template <typename Work>
  auto CommitOf(absl::string_view name, const Work& work,
                Disk disk = Disk::kAsItIs) {
    return Heal(name, [&] { return Commit(work, disk); });
  }
  template <typename Work>
  auto ReadOf(absl::string_view name, const Work& work) {
    return Heal(name, [&] { return readers_->Read(work); });
  }
  absl::Status Condemn(absl::string_view name, const absl::Status& why);
  absl::Status CondemnRow(SqliteWrite& write, JobRow row,
                          const absl::Status& why);

  absl::Time Now() const { return options_.clock->Now(); }
  // A row whose message parses; DamagedJob when it does not.
  static absl::StatusOr<JobRow> Load(SqliteJobTable& table,
                                     absl::string_view name);
  // The job of a worker; fenced.
  static absl::StatusOr<JobRow> LoadForWorker(SqliteJobTable& table,
                                              absl::string_view name,
                                              int attempt);
  // Saves the row and notes it for the listener where that must know.
  absl::Status Save(SqliteWrite& write, JobRow& row);
  // Moves a job by what a client asks; saves it if that changes anything.
  absl::StatusOr<StoredJob> Move(absl::string_view name, JobAction action,
                                 Disk disk = Disk::kAsItIs);
  // Sets the state and what a state implies: times, checkpoint.
  absl::Status Enter(SqliteWrite& write, JobRow& row, v1::Job::State state);
  // The row of a new job, or the job made before; ALREADY_EXISTS,
  // RESOURCE_EXHAUSTED.
  struct Admitted {
    JobRow row;
    std::string request_id, fingerprint;
    std::optional<StoredJob> before;
  };
  absl::StatusOr<Admitted> Admit(SqliteJobTable& table, const NewJob& request);
  absl::Status CheckRoom(SqliteJobTable& table);
  absl::Status ApplyOutcome(SqliteWrite& write, JobRow& row,
                            const RunOutcome& outcome);
  absl::StatusOr<Orphan> RecoverOne(SqliteWrite& write, JobRow row,
                                    int max_crashes);
  // A page; `damaged` tells the jobs that could not be read.
  absl::StatusOr<JobPage> ReadPage(SqliteJobTable& table, const JobQuery& query,
                                   std::vector<std::string>* damaged);

  const SqliteJobStoreOptions options_;
  const std::unique_ptr<FileLock> lock_;  // released last
  Outbox outbox_;
  SqliteWriter writer_;
  const std::unique_ptr<SqliteReaders> readers_;  // closed before the writer
};

}  // namespace phosphene
