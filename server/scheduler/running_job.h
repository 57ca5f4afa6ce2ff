#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/broken_device.h"
#include "server/base/clock.h"
#include "server/base/executor.h"
#include "server/engine/engine.h"
#include "server/jobs/job_store.h"
#include "server/scheduler/job_run_sink.h"
#include "server/scheduler/run_outcome.h"
#include "server/storage/blob_store.h"
#include "server/stream/frame_hub.h"

namespace phosphene {

// An attempt at a job, from its claim to its commit. This is its life:
//
//   RunningJob job(claimed, stop, options);
//   if (job.Open(threads)) while (job.Step(threads)) {}
//   job.End(threads);
//   while (job.Commit(hurry) == kRetry) { the store is full or away }
//
// Used by one thread at a time, each time any; between two calls it costs
// memory alone. `stop` ends it within two steps, from any thread.
class RunningJob {
 public:
  struct Options {
    // Borrowed; must outlive this.
    JobStore* store = nullptr;
    BlobStore* blobs = nullptr;
    Engine* engine = nullptr;
    FrameHub* hub = nullptr;
    const Clock* clock = &Clock::Real();
    Executor* encoder = nullptr;  // of frames; null: the thread that steps
    std::string device;           // of RunRequest
  };
  RunningJob(StoredJob job, std::stop_source stop, Options options);

  // Fetches the checkpoint and opens the engine's session. False: that failed,
  // which is how the job ends.
  bool Open(int threads);
  // Does a step. False: there is nothing more to do.
  bool Step(int threads);
  // Collects what was made and how it ended, and gives the memory back.
  void End(int threads);

  enum class Committed {
    kDone,    // or the job is another's by now, or gone
    kPutOff,  // back in the queue: the machine lacks something for a while
    kRetry,   // not yet; to be called again
  };
  // After End. Stores what was made, then how it ended. `hurry`: the server
  // goes away, so nobody waits for room.
  Committed Commit(bool hurry);
  // Whether Commit means to put it off.
  bool IsPutOff() const { return phosphene::IsPutOff(ended_); }

  // After End. Whether the device broke under it: no fault of the job's, which
  // is put off.
  bool BrokeDevice() const { return IsDeviceBroken(ended_.result.status()); }

  // What it takes of the device; nothing after End.
  JobMemory memory() const;

 private:
  absl::StatusOr<RunOutcome> Decide(v1::Job::State* seen, bool hurry);
  absl::Status FetchCheckpoint(RunRequest& request);

  const StoredJob job_;
  std::stop_source stop_;
  const Options options_;
  JobRunSink sink_;
  std::unique_ptr<JobSession> session_;  // ends before its sink
  bool failed_ = false;                  // ended_.result tells why
  EndedRun ended_;  // its duration: the time that calls have taken
};

}  // namespace phosphene
