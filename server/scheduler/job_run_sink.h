#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/engine/engine.h"
#include "server/jobs/job_store.h"
#include "server/storage/blob_store.h"
#include "server/stream/frame_hub.h"

namespace phosphene {

// Where a job's run reports to: progress and frames go to the hub, kept frames
// and checkpoints to the stores. Encodes on the run's thread, and only frames
// somebody sees, that are kept, or the last one, which is shown to those who
// come when the job has ended. Confined to its slot's thread.
//
// A frame or checkpoint that cannot be stored is not worth the job: it becomes
// a warning. A fenced write stops the run.
class JobRunSink : public RunSink {
 public:
  struct Options {
    // Borrowed; must outlive the sink.
    JobStore* store = nullptr;
    BlobStore* blobs = nullptr;
    FrameHub* hub = nullptr;
    // Stops the run.
    std::function<void()> stop;
  };
  JobRunSink(const StoredJob& job, Options options);

  void OnProgress(const v1::Progress& progress) override;
  bool WantsFrame(bool keep) override;
  void OnFrame(int64_t step, bool keep, Image8 image) override;
  absl::Status OnCheckpoint(int64_t step, std::string bytes) override;

  // The frame made last, image included, and the sequence of its event.
  struct LastFrame {
    v1::Frame frame;
    int64_t sequence = 0;
  };
  const std::optional<LastFrame>& last_frame() const { return last_frame_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
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
  bool last_step_done_ = false;
  std::optional<LastFrame> last_frame_;
  std::vector<std::string> warnings_;
};

}  // namespace phosphene
