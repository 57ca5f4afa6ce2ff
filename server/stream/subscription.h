#pragma once

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "phosphene/v1/job_service.pb.h"
#include "server/stream/event.h"

namespace phosphene {

// One watcher's view of a job. Holds every state change not yet taken, and
// beside them one frame and one progress, each replaced by newer ones, so a
// watcher that never reads costs a bounded amount and slows nobody. Events
// come in order of their sequence, each at most once, frames and progress not
// faster than the watch's pace (server/stream/pace.h).
//
// Made by FrameHub::Subscribe, then given the past by Seed, then read:
//   for (;;) {
//     Taken taken = subscription->Next([this] { Resume(); });
//     if (taken.kind == Taken::Kind::kPending) return;  // Resume comes
//     if (taken.kind == Taken::Kind::kEnded) return Finish(taken.status);
//     Write(taken.delivery);
//   }
// Call Next again only when what was taken is through: an event taken long ago
// makes the watch one that is not read, which is ended before others are
// refused, and some time after the job's end.
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
  // called exactly once, on the thread of a publisher or of the hub's alarm
  // and under no lock, as soon as Next has something to say; it replaces a
  // `wake` kept before.
  virtual Taken Next(std::function<void()> wake) = 0;

  // What happened before: state changes, and an ended job's last frame. Those
  // not newer than after_sequence, and those the hub has sent already, are
  // dropped. `ended`: the job has ended, so nothing follows them. Called once,
  // before the first Next.
  virtual void Seed(const std::vector<v1::JobEvent>& events, bool ended) = 0;

  // Of a watch that is paced by acknowledgements: the reader has dealt with
  // the event of this sequence and all before. INVALID_ARGUMENT: no such event
  // was taken yet.
  virtual absl::Status Acknowledge(int64_t sequence) = 0;
  // No acknowledgement will come any more; the rate alone holds.
  virtual void StopAcknowledging() = 0;

  // Ends it; Next answers kEnded/CANCELLED. When it returns, no `wake` or
  // `cut` runs or will run; called from one it does not wait for that.
  // Idempotent.
  virtual void Close() = 0;
};

}  // namespace phosphene
