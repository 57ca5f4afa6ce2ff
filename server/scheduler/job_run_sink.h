#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/executor.h"
#include "server/base/mutex.h"
#include "server/engine/engine.h"
#include "server/jobs/job_store.h"
#include "server/scheduler/frame_worker.h"
#include "server/storage/blob_store.h"
#include "server/stream/frame_hub.h"

namespace phosphene {

// Where a job's run reports to: progress and frames go to the hub, kept frames
// and checkpoints to the stores. Only frames somebody sees, that are kept, or
// the last one, which is shown to those who come when the job has ended; those
// that are merely seen at most kFramesPerSecond. They are encoded and stored
// beside the steps, in order, the newest where that is slower than the steps.
// As a RunSink and for Flush it is used by one thread at a time.
//
// A frame or checkpoint that cannot be stored is not worth the job: it becomes
// a warning. A fenced write stops the run.
class JobRunSink : public RunSink {
 public:
  static constexpr int kFramesPerSecond = 10;

  struct Options {
    // Borrowed; must outlive the sink.
    JobStore* store = nullptr;
    BlobStore* blobs = nullptr;
    FrameHub* hub = nullptr;
    const Clock* clock = &Clock::Real();
    // Encodes frames; null: the thread that reports them does.
    Executor* encoder = nullptr;
    // Stops the run; called by any thread.
    std::function<void()> stop;
  };
  JobRunSink(const StoredJob& job, Options options);

  void OnProgress(const v1::Progress& progress) override;
  bool WantsFrame(bool keep) override;
  void OnFrame(int64_t step, bool keep, Image8 image) override;
  // Frames up to here are stored before.
  absl::Status OnCheckpoint(int64_t step, std::string bytes) override;

  // Waits until all frames reported so far are published and stored.
  void Flush() { frames_.Flush(); }

  // The frame made last, image included, and the sequence of its event.
  struct LastFrame {
    v1::Frame frame;
    int64_t sequence = 0;
  };
  // Complete after Flush.
  std::optional<LastFrame> last_frame() const;
  std::vector<std::string> warnings() const;

 private:
  // Encodes, stores and publishes a frame.
  void Publish(const FrameWorker::Picture& picture);
  // Stores a frame for ListFrames and names it.
  absl::Status Keep(v1::Frame& frame);
  // Handles a write that failed; returns the status when the run is fenced.
  absl::Status Judge(const absl::Status& status, std::string what);

  const std::string name_;
  const int attempt_;
  const v1::FramePolicy policy_;
  const int64_t total_steps_;
  const int64_t claim_sequence_;
  const Options options_;

  // Of the run's thread.
  bool last_step_done_ = false;
  absl::Duration next_frame_ = -absl::InfiniteDuration();  // not before then

  mutable Mutex mu_;
  std::optional<LastFrame> last_frame_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> warnings_ ABSL_GUARDED_BY(mu_);

  FrameWorker frames_;  // last: it uses all others
};

}  // namespace phosphene
