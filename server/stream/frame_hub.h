#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/job.pb.h"
#include "phosphene/v1/job_service.pb.h"
#include "server/base/clock.h"

namespace phosphene {

// An event as all subscribers share it: serialized once, never copied.
struct HubEvent {
  enum class Kind { kState, kProgress, kFrame };
  Kind kind = Kind::kState;
  int64_t sequence = 0;
  bool final = false;  // the state of a job that has ended
  std::string wire;    // serialized JobEvent without dropped_frames
};

// An event on its way to one subscriber.
struct Delivery {
  std::shared_ptr<const HubEvent> event;
  int64_t dropped_frames = 0;  // JobEvent.dropped_frames

  // The message; parses `wire`. A writer of raw bytes sends event->wire and
  // then Tail() instead: concatenated encodings merge.
  v1::JobEvent ToProto() const;
  // Encoding of dropped_frames alone, "" when 0.
  std::string Tail() const;
};

// One watcher's view of a job. Holds every state change not yet taken, and
// beside them one frame and one progress, each replaced by newer ones, so a
// watcher that never reads costs a bounded amount and slows nobody. Events
// come in order of their sequence, each at most once.
//
// Made by FrameHub::Subscribe, then given the past by Seed, then read:
//   for (;;) {
//     Taken taken = subscription->Next([this] { Resume(); });
//     if (taken.kind == Taken::Kind::kPending) return;  // Resume comes
//     if (taken.kind == Taken::Kind::kEnded) return Finish(taken.status);
//     Write(taken.delivery);
//   }
// Thread-safe. May outlive its hub.
class Subscription {
 public:
  struct Taken {
    enum class Kind { kEvent, kPending, kEnded };
    Kind kind = Kind::kPending;
    Delivery delivery;    // of kEvent
    absl::Status status;  // of kEnded: OK after the final state, else why
  };

  virtual ~Subscription() = default;  // closes

  // Takes the next event. When there is none (kPending), `wake` is kept and
  // called exactly once, on the thread of a publisher and under no lock, as
  // soon as Next has something to say; it replaces a `wake` kept before.
  virtual Taken Next(std::function<void()> wake) = 0;

  // What happened before: state changes, and an ended job's last frame. Those
  // not newer than after_sequence, and those the hub has sent already, are
  // dropped. `ended`: the job has ended, so nothing follows them. Called once,
  // before the first Next.
  virtual void Seed(const std::vector<v1::JobEvent>& events, bool ended) = 0;

  // Ends it; Next answers kEnded/CANCELLED. When it returns, no `wake` runs or
  // will run; called from a `wake` it does not wait for that. Idempotent.
  virtual void Close() = 0;
};

// Fans a job's events out to its watchers. Publishing never blocks on a
// watcher: no I/O, no wait. Thread-safe.
class FrameHub {
 public:
  struct Options {
    // Watchers of one job. Default 256.
    int max_watchers_per_job = 256;
    // Memory for the last frames of jobs, running or not, to show to watchers
    // that come later. The oldest go first. Default 64 MiB.
    size_t last_frame_bytes = size_t{64} << 20;
    // State changes a watcher may leave unread before it is ended with
    // UNAVAILABLE (it loses none: it re-attaches). Default 256.
    int max_pending_states = 256;
    // Time stamps of frames and progress. Must outlive the hub.
    const Clock* clock = &Clock::Real();
  };
  explicit FrameHub(Options options);
  FrameHub() : FrameHub(Options()) {}
  ~FrameHub();  // as CloseAll
  FrameHub(const FrameHub&) = delete;
  FrameHub& operator=(const FrameHub&) = delete;

  struct WatchOptions {
    int64_t after_sequence = 0;
    bool omit_frames = false;
  };
  // Attaches a watcher; it sees what is published from now on, and the latest
  // frame and progress if newer than after_sequence. Most callers want
  // OpenWatch (server/stream/watch.h), which seeds it from the store.
  // RESOURCE_EXHAUSTED: too many watchers. UNAVAILABLE: after CloseAll.
  absl::StatusOr<std::unique_ptr<Subscription>> Subscribe(absl::string_view job,
                                                          WatchOptions options);

  // Whether a frame would be seen by anybody now.
  bool WantsFrames(absl::string_view job) const;
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
