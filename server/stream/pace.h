#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "absl/time/time.h"
#include "server/stream/event.h"

namespace phosphene {

// How fast one watch is sent frames and progress: not faster than a rate, and,
// where the reader acknowledges, not more than lie unread at two frames and
// one progress. What is sent but not read lies in the transport, where nothing
// newer can take its place, so this is what keeps a slow reader's frames new:
// at most two events are ahead of any frame, which a reader of two a second
// therefore sees within 1.5 s. Pure; thread-compatible. Times are of a clock
// that is never set.
class Pace {
 public:
  struct Options {
    // Frames a second; 0: no bound. Progress comes as often, but once a second
    // at least: it is small, and a reader of few frames wants it.
    double max_per_second = 0;
    // FollowJob: what is sent is on the way until Acknowledge.
    bool acknowledged = false;
  };
  static constexpr size_t kMaxFramesOnTheWay = 2;
  // A progress that nobody acknowledges is taken for read after this: readers
  // need acknowledge frames only, and a job may have none.
  static constexpr absl::Duration kProgressLapse = absl::Seconds(2);

  explicit Pace(const Options& options);

  // When an event of this kind may be sent: `now` or before for at once,
  // InfiniteFuture for not before an Acknowledge. States may always.
  absl::Time Release(HubEvent::Kind kind, absl::Time now) const;
  // Whether it is worth while to make a frame now, when the last one was made
  // at `last`: it would be sent within a quarter of the time between frames.
  bool WantsFrame(absl::Time last, absl::Time now) const;

  void Sent(const HubEvent& event, absl::Time now);
  // The reader has dealt with this event and those before.
  void Acknowledge(int64_t sequence);
  // The reader will acknowledge nothing more; only the rate holds from now on.
  void StopAcknowledging();

  // Since when no frame may go because none was acknowledged.
  std::optional<absl::Time> starved_since() const;

 private:
  struct OnTheWay {
    int64_t sequence;
    absl::Time sent;
  };

  const absl::Duration frame_interval_;
  const absl::Duration progress_interval_;
  bool acknowledged_;
  absl::Time last_frame_ = absl::InfinitePast();
  absl::Time last_progress_ = absl::InfinitePast();
  std::deque<OnTheWay> frames_;  // not acknowledged
  int64_t progress_ = 0;         // the same, its sequence; 0: none
};

}  // namespace phosphene
