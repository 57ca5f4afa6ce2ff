#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "phosphene/v1/system_service.pb.h"
#include "server/base/clock.h"
#include "server/base/executor.h"
#include "server/base/mutex.h"
#include "server/engine/engine.h"
#include "server/jobs/job_store.h"
#include "server/scheduler/run_outcome.h"
#include "server/storage/blob_store.h"
#include "server/stream/frame_hub.h"

namespace phosphene {

// The worker of one device: takes a job, runs it, stores what it made, commits
// how it ended, and takes the next. All of that happens on its executor's
// thread; the methods are thread-safe.
//
// An outcome that cannot be committed (the store is full or away) is kept and
// tried again; meanwhile no other job is taken.
class DeviceSlot {
 public:
  struct Options {
    // Borrowed; must outlive the slot.
    JobStore* store = nullptr;
    BlobStore* blobs = nullptr;
    Engine* engine = nullptr;
    FrameHub* hub = nullptr;
    const Clock* clock = nullptr;
    int threads = 0;             // of RunRequest
    absl::Duration retry_after;  // until a failed commit is tried again
  };
  DeviceSlot(EngineDevice device, Options options,
             std::unique_ptr<Executor> executor);
  // REQUIRES: BeginDrain was called. Waits for its thread, gives up what is
  // left to commit.
  ~DeviceSlot() = default;

  // A job may wait.
  void Notify();
  // Stops this attempt of the job, if it runs here; if its end waits for room,
  // that is looked at again now.
  void Stop(absl::string_view job, int attempt);
  // Takes no more jobs and stops the one that runs.
  void BeginDrain();
  // Waits until nothing runs and nothing is left to commit, or the machine's
  // steady clock says `deadline`: then the name of the job that still has.
  std::string WaitIdle(absl::Duration deadline);
  // Waits until nothing runs; something may be left to commit.
  void WaitStill();

  v1::Device Status() const;

 private:
  // A run, from before its claim (attempt 0) to its commit.
  struct Current {
    explicit Current(std::string name) : job(std::move(name)) {}
    std::string job;
    int attempt = 0;
    int stop_attempt = 0;  // the newest one Stop was called for
    std::stop_source stop;
  };
  enum class Turn { kIdle, kRan, kRetry, kPutOff };

  void Pump();
  // Pumps after the retry delay, unless that happens for another reason before.
  void PumpLater() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Turn TakeTurn();
  void Schedule() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Makes `job` the current one, before it is claimed.
  void Expect(const std::string& job);
  // It was claimed: from here on it can be stopped.
  std::stop_source Begin(const StoredJob& job);
  EndedRun Run(const StoredJob& job, const std::stop_source& stop);
  // Commits how a run ended; kRetry when that must wait.
  Turn Conclude(const EndedRun& run);
  absl::StatusOr<RunOutcome> Decide(const EndedRun& run, v1::Job::State* seen);

  const EngineDevice device_;
  const std::string resource_name_;  // `devices/cpu-0`
  const Options options_;

  mutable Mutex mu_;
  CondVar changed_;
  std::optional<Current> current_ ABSL_GUARDED_BY(mu_);
  bool scheduled_ ABSL_GUARDED_BY(mu_) = false;  // a Pump is queued or runs
  bool wanted_ ABSL_GUARDED_BY(mu_) = false;     // Notify since Pump began
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  bool busy_ ABSL_GUARDED_BY(mu_) = false;
  bool waiting_ ABSL_GUARDED_BY(mu_) = false;        // for a retry to commit
  absl::Duration retry_delay_ ABSL_GUARDED_BY(mu_);  // of the next retry
  int64_t pumps_ ABSL_GUARDED_BY(mu_) = 0;           // begun so far

  // Not committed yet; the slot's thread alone.
  std::optional<EndedRun> unfinished_;
  const std::unique_ptr<Executor> executor_;  // its thread ends first
};

}  // namespace phosphene
