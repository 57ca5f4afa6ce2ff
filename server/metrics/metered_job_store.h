#pragma once

#include <memory>

#include "server/base/clock.h"
#include "server/jobs/job_store.h"
#include "server/metrics/job_metrics.h"

namespace phosphene {

// A JobStore that measures another: time of each call, jobs submitted, refused
// and ended, leases lost. Thread-safe.
class MeteredJobStore : public JobStore {
 public:
  // `metrics` and `clock` must outlive this.
  MeteredJobStore(std::unique_ptr<JobStore> base, JobMetrics& metrics,
                  const Clock& clock);

  void SetListener(Listener listener) override;
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
  // Runs `call` and records how long it took.
  template <typename Call>
  auto Timed(const char* op, Call call);
  // Counts a worker's write that was refused.
  template <typename Result>
  Result Fenced(Result result);

  const std::unique_ptr<JobStore> base_;
  JobMetrics& metrics_;
  const Clock& clock_;
};

}  // namespace phosphene
