#pragma once

// The class behind OpenSqliteJobStore; its methods are spread over
// sqlite_job_store.cc (clients) and sqlite_job_workers.cc (workers).

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/base/mutex.h"
#include "server/base/posix_file.h"
#include "server/base/status_macros.h"
#include "server/jobs/job_store.h"
#include "server/jobs/outbox.h"
#include "server/jobs/sqlite_db.h"
#include "server/jobs/sqlite_job_store.h"
#include "server/jobs/sqlite_job_table.h"
#include "server/jobs/state_machine.h"

namespace phosphene {

class SqliteJobStore : public JobStore {
 public:
  SqliteJobStore(SqliteJobStoreOptions options, std::unique_ptr<FileLock> lock,
                 std::unique_ptr<SqliteDb> db)
      : options_(std::move(options)),
        lock_(std::move(lock)),
        db_(std::move(db)),
        table_(*db_) {}

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
  absl::StatusOr<int> RecoverOrphans(int max_crashes) override;
  absl::StatusOr<std::vector<std::string>> ListGarbage(absl::Time before,
                                                       int limit) override;
  absl::Status ForgetGarbage(const std::vector<std::string>& blobs) override;
  absl::StatusOr<std::vector<std::string>> UsedBlobs(
      const std::vector<std::string>& blobs) override;

 private:
  // Runs `work` in a transaction, which is committed when it returns OK, and
  // then tells the listener what changed.
  template <typename Work>
  auto Commit(const Work& work) -> decltype(work()) {
    decltype(work()) result = CommitLocked(work);
    outbox_.Deliver();
    return result;
  }
  template <typename Work>
  auto CommitLocked(const Work& work) -> decltype(work()) {
    MutexLock lock(&mu_);
    changes_.clear();
    SqliteTransaction transaction(*db_);
    RETURN_IF_ERROR(transaction.Begin());
    decltype(work()) result = work();
    if (!result.ok()) return result;
    RETURN_IF_ERROR(transaction.Commit());
    for (StoredJob& change : changes_) outbox_.Push(std::move(change));
    return result;
  }

  // Runs `work`, which only reads.
  template <typename Work>
  auto Read(const Work& work) -> decltype(work()) {
    MutexLock lock(&mu_);
    return work();
  }

  absl::Time Now() const { return options_.clock->Now(); }
  // A row as it was loaded, to be changed and saved.
  struct Loaded {
    JobRow row;
    v1::Job::State state;
    int attempt;
    bool pause_requested;
  };
  absl::StatusOr<Loaded> Load(absl::string_view name)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The job of a worker; fenced.
  absl::StatusOr<Loaded> LoadForWorker(absl::string_view name, int attempt)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Saves the row and notes it for the listener where that must know.
  absl::StatusOr<StoredJob> Save(Loaded& loaded)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Moves a job by what a client asks; saves it if that changes anything.
  absl::StatusOr<StoredJob> Move(absl::string_view name, JobAction action);
  // Sets the state and what a state implies: times, wishes, checkpoint.
  absl::Status Enter(JobRow& row, v1::Job::State state)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<CreatedJob> CreateRow(const NewJob& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The job made before under this request id, if any.
  absl::StatusOr<std::optional<CreatedJob>> FindRequest(
      const NewJob& request, const std::string& fingerprint)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status CheckRoom() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status ApplyOutcome(JobRow& row, const RunOutcome& outcome)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status RecoverOne(JobRow row, int max_crashes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const SqliteJobStoreOptions options_;
  const std::unique_ptr<FileLock> lock_;  // released after db_ is closed
  Outbox outbox_;

  Mutex mu_;
  const std::unique_ptr<SqliteDb> db_ ABSL_PT_GUARDED_BY(mu_);
  SqliteJobTable table_ ABSL_GUARDED_BY(mu_);
  // Of the transaction in progress, for the listener.
  std::vector<StoredJob> changes_ ABSL_GUARDED_BY(mu_);
};

}  // namespace phosphene
