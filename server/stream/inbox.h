#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "absl/status/status.h"
#include "server/stream/frame_hub.h"

namespace phosphene {

// What one watcher has not taken yet: every state change, and the newest frame
// and progress. Gives events out in the order of their sequences, so a watcher
// that re-attaches with the last one it took misses no state change. Pure;
// thread-compatible.
class Inbox {
 public:
  struct Options {
    int64_t after_sequence = 0;
    bool omit_frames = false;
    int max_pending_states = 256;
  };
  explicit Inbox(const Options& options)
      : options_(options), taken_sequence_(options.after_sequence) {}

  // Adds an event, unless it is not newer than what was taken or a frame or
  // progress that is older than the one here. The final state ends the inbox,
  // even when it was seen before.
  void Offer(std::shared_ptr<const HubEvent> event);
  // The job has ended, and all of it has been offered.
  void EndWell() { finished_ = true; }
  // Ends it with an error once what is there has been taken; nothing more is
  // added.
  void End(const absl::Status& status);

  // Whether Take would not answer kPending.
  bool ready() const;
  Subscription::Taken Take();

  int64_t dropped_frames() const { return dropped_frames_; }

 private:
  std::shared_ptr<const HubEvent> TakeOldest();
  void OfferState(std::shared_ptr<const HubEvent> event);

  const Options options_;
  int64_t taken_sequence_;
  std::map<int64_t, std::shared_ptr<const HubEvent>> states_;
  std::shared_ptr<const HubEvent> frame_;
  std::shared_ptr<const HubEvent> progress_;
  int64_t dropped_frames_ = 0;
  bool finished_ = false;  // the final state is, or was, here
  absl::Status failure_;   // why it ends early
};

}  // namespace phosphene
