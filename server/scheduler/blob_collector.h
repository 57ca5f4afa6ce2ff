#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/executor.h"
#include "server/jobs/job_store.h"
#include "server/storage/blob_owner.h"
#include "server/storage/blob_store.h"

namespace phosphene {

// Deletes what nobody needs: blobs that no owner refers to, once nobody has
// stored or looked at them for `age` (an upload or a new job may be about to
// use them), and broken-off uploads. It runs by itself, whether the server is
// idle or a job takes days.
//
// What jobs dropped is known by name (JobStore::ListGarbage) and goes first.
// Blobs that never had an owner, such as uploads no job used, are found by
// going through all of them, a few hundred at a time.
//
// Who owns blobs: jobs (specs, artifacts, frames, checkpoints) always; others
// are Options::owners. An upload that has not finished is not a blob yet: the
// BlobStore bounds and expires those itself.
//
// Thread-safe. Its work is done on its executor.
class BlobCollector {
 public:
  struct Options {
    // Borrowed; must outlive this.
    JobStore* store = nullptr;
    BlobStore* blobs = nullptr;
    std::vector<BlobOwner*> owners;
    const Clock* clock = &Clock::Real();
    // How long a blob without an owner stays. Default an hour.
    absl::Duration age = absl::Hours(1);
    // From the end of one round to the next. Default ten minutes.
    absl::Duration every = absl::Minutes(10);
    // Its thread; tests pass a ManualExecutor.
    std::unique_ptr<Executor> executor;
  };
  explicit BlobCollector(Options options);
  // Waits for the batch at work.
  ~BlobCollector();
  BlobCollector(const BlobCollector&) = delete;
  BlobCollector& operator=(const BlobCollector&) = delete;

  // Begins the first round now. Call once.
  void Start();

  // Blobs deleted since the start.
  int64_t deleted() const { return deleted_.load(); }

 private:
  // The parts of a round, each queued by the one before, so that others may
  // use the executor in between.
  void BeginRound();
  void DropGarbage();
  void Sweep(std::string after);
  void EndRound(const absl::Status& status);

  // Deletes those of `blobs` that have no owner and were not touched for
  // `age`; returns those that are gone or have an owner.
  absl::StatusOr<std::vector<std::string>> DeleteUnowned(
      const std::vector<std::string>& blobs);
  absl::StatusOr<std::set<std::string>> Owned(
      const std::vector<std::string>& blobs);

  std::atomic<bool> stopping_ = false;
  std::atomic<int64_t> deleted_ = 0;
  int64_t deleted_before_ = 0;  // when the round began
  const Options options_;       // last: its executor's tasks use the others
};

}  // namespace phosphene
