#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/job.pb.h"
#include "phosphene/v1/job_service.pb.h"
#include "server/base/clock.h"
#include "server/base/executor.h"
#include "server/stream/crowd.h"
#include "server/stream/event.h"
#include "server/stream/pace.h"
#include "server/stream/subscription.h"

namespace phosphene {

// Fans a job's events out to its watchers. Publishing never blocks on a
// watcher: no I/O, no wait. Thread-safe.
class FrameHub {
 public:
  struct Options {
    // How many may watch a job, and who goes when there are more.
    CrowdLimits crowd;
    // Memory for the last frames of jobs, running or not, to show to watchers
    // that come later. The oldest go first. Default 64 MiB.
    size_t last_frame_bytes = size_t{64} << 20;
    // State changes a watcher may leave unread before it is ended with
    // UNAVAILABLE (it loses none: it re-attaches). Default 256.
    int max_pending_states = 256;
    // A watch that is not read is ended with RESOURCE_EXHAUSTED so long after
    // the job's end. Default 30 s.
    absl::Duration unread_grace = absl::Seconds(30);
    // Time stamps of frames and progress, and the pace. Must outlive the hub.
    const Clock* clock = &Clock::Real();
    // Wakes watches when their pace allows the next frame. Must outlive the
    // hub's last watch. Null: no watch is paced, and none is ended for being
    // unread after the job's end.
    Executor* alarm = nullptr;
  };
  explicit FrameHub(Options options);
  FrameHub() : FrameHub(Options()) {}
  ~FrameHub();  // as CloseAll
  FrameHub(const FrameHub&) = delete;
  FrameHub& operator=(const FrameHub&) = delete;

  struct WatchOptions {
    int64_t after_sequence = 0;
    bool omit_frames = false;
    Pace::Options pace;  // default: unbounded
    // Whose watch it is, for CrowdLimits::per_peer; "" is not counted.
    std::string peer;
    // Called at most once, under no lock, when the hub ends the watch although
    // the event it took last is not through: for a newcomer, or a while after
    // the job's end. The writing of that event is to be broken off with this
    // status, if one is; Next answers with it as well.
    std::function<void(const absl::Status&)> cut;
  };
  // Attaches a watcher; it sees what is published from now on, and the latest
  // frame and progress if newer than after_sequence. Most callers want
  // OpenWatch (server/stream/watch.h), which seeds it from the store. Where
  // there are too many, one that is not read is ended for it.
  // RESOURCE_EXHAUSTED: too many, and all are read. UNAVAILABLE: after
  // CloseAll.
  absl::StatusOr<std::unique_ptr<Subscription>> Subscribe(absl::string_view job,
                                                          WatchOptions options);

  // Whether a frame made now would be seen by anybody soon. When not, those
  // who watch have missed one, which counts as dropped.
  bool WantsFrames(absl::string_view job);
  int64_t watchers() const;        // all jobs
  int64_t dropped_frames() const;  // all jobs, since the start

  // A state change; event has sequence, time and job set (jobs/job_store.h
  // StateEvent). One that is not newer than the last published is ignored,
  // unless it is of a new job of that name (by create_time).
  void PublishState(const v1::JobEvent& event);
  // Numbers and pictures of a run. They get the sequences after the job's last
  // published state. Return the event's sequence, 0 when no state was
  // published yet (then nothing is sent).
  int64_t PublishProgress(absl::string_view job, const v1::Progress& progress);
  int64_t PublishFrame(absl::string_view job, const v1::Frame& frame);

  // What a run reported last, while the job runs here.
  std::optional<v1::Progress> LatestProgress(absl::string_view job) const;

  // Ends every watch with `status` (UNAVAILABLE when the server goes away) and
  // refuses new ones.
  void CloseAll(const absl::Status& status);

 private:
  class Core;
  class Watcher;
  const std::shared_ptr<Core> core_;
};

}  // namespace phosphene
