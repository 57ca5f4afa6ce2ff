#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/stream/event.h"
#include "server/stream/pace.h"
#include "server/stream/subscription.h"

namespace phosphene {

// What one watcher has not taken yet: every state change, and the newest frame
// and progress. Gives events out in the order of their sequences, so a watcher
// that re-attaches with the last one it took misses no state change, and frames
// and progress by its pace:
// * A state that waits behind a frame calls for it at once, whatever the rate,
//   so the last frame arrives before the final state. Where acknowledgements
//   are missing it waits for them kPatience and then goes without the frame.
// * A frame holds back progress behind it for at most kHoldBack; else the frame
//   gives way, for the next one will be newer.
// Pure; thread-compatible.
class Inbox {
 public:
  struct Options {
    int64_t after_sequence = 0;
    bool omit_frames = false;
    int max_pending_states = 256;
    Pace::Options pace;
  };
  static constexpr absl::Duration kPatience = absl::Seconds(5);
  static constexpr absl::Duration kHoldBack = absl::Milliseconds(250);

  explicit Inbox(const Options& options)
      : options_(options),
        pace_(options.pace),
        taken_sequence_(options.after_sequence) {}

  // Adds an event, unless it is not newer than what was taken or a frame or
  // progress that is older than the one here. The final state ends the inbox,
  // even when it was seen before.
  void Offer(std::shared_ptr<const HubEvent> event, absl::Time now);
  // The job has ended, and all of it has been offered.
  void EndWell(absl::Time now);
  // Ends it with an error once what is there has been taken; nothing more is
  // added.
  void End(const absl::Status& status, absl::Time now);
  // Ends it with an error at once, whatever is there.
  void Abort(const absl::Status& status, absl::Time now);

  // When Take answers other than kPending if nothing else happens: `now` or
  // before for at once, InfiniteFuture for never.
  absl::Time NextAt(absl::Time now) const;
  Subscription::Taken Take(absl::Time now);

  // As Subscription says.
  absl::Status Acknowledge(int64_t sequence);
  void StopAcknowledging() { pace_.StopAcknowledging(); }

  // Whether a frame made now would be of use.
  bool WantsFrame(absl::Time now) const;
  // A frame was not made, because nobody wanted one.
  void MissFrame() { ++dropped_frames_; }

  int64_t dropped_frames() const { return dropped_frames_; }
  // Nothing comes after what is here.
  bool over() const { return finished_ || !failure_.ok(); }
  const Pace& pace() const { return pace_; }

 private:
  struct State {
    std::shared_ptr<const HubEvent> event;
    absl::Time since;  // offered
  };
  // What Take would give, and when.
  struct Choice {
    enum class What { kNone, kState, kFrame, kProgress, kEnd };
    What what = What::kNone;
    absl::Time at = absl::InfiniteFuture();
    // Given up for it.
    bool drop_frame = false;
    bool drop_progress = false;
  };
  Choice Choose(absl::Time now) const;
  // The same where a state or the end waits behind a frame or progress.
  Choice ChooseBeforeState(bool frame, bool progress, absl::Time now) const;
  // The same where no state waits.
  Choice ChooseByPace(absl::Time now) const;
  void OfferState(std::shared_ptr<const HubEvent> event, absl::Time now);
  void DropFrame();

  const Options options_;
  Pace pace_;
  int64_t taken_sequence_;
  std::map<int64_t, State> states_;  // by sequence
  std::shared_ptr<const HubEvent> frame_;
  std::shared_ptr<const HubEvent> progress_;
  absl::Time frame_offered_ = absl::InfinitePast();
  int64_t dropped_frames_ = 0;
  bool finished_ = false;  // the final state is, or was, here
  absl::Status failure_;   // why it ends early
  absl::Time over_since_ = absl::InfiniteFuture();
};

}  // namespace phosphene
