// The pace of one watch: a rate, and what its reader has not acknowledged.
#include "server/stream/pace.h"

#include <algorithm>

namespace phosphene {
namespace {

constexpr double kMinProgressPerSecond = 1;

absl::Duration Interval(double per_second) {
  return absl::Seconds(per_second > 0 ? 1 / per_second : 0);
}

}  // namespace

Pace::Pace(const Options& options)
    : frame_interval_(Interval(options.max_per_second)),
      progress_interval_(options.max_per_second > 0
                             ? Interval(std::max(options.max_per_second,
                                                 kMinProgressPerSecond))
                             : absl::ZeroDuration()),
      acknowledged_(options.acknowledged) {}

absl::Time Pace::Release(HubEvent::Kind kind, absl::Time now) const {
  if (kind == HubEvent::Kind::kState) return now;
  if (starved_since().has_value()) return absl::InfiniteFuture();
  const bool frame = kind == HubEvent::Kind::kFrame;
  const absl::Time last = frame ? last_frame_ : last_progress_;
  absl::Duration wait = frame ? frame_interval_ : progress_interval_;
  if (!frame && progress_ != 0) wait = std::max(wait, kProgressLapse);
  return last + wait;
}

bool Pace::WantsFrame(absl::Time last, absl::Time now) const {
  return now - last >= frame_interval_ * 0.75;
}

void Pace::Sent(const HubEvent& event, absl::Time now) {
  if (event.kind == HubEvent::Kind::kState) return;
  const bool frame = event.kind == HubEvent::Kind::kFrame;
  (frame ? last_frame_ : last_progress_) = now;
  if (!acknowledged_) return;
  if (frame) {
    frames_.push_back({event.sequence, now});
  } else {
    progress_ = event.sequence;
  }
}

void Pace::Acknowledge(int64_t sequence) {
  while (!frames_.empty() && frames_.front().sequence <= sequence)
    frames_.pop_front();
  if (progress_ <= sequence) progress_ = 0;
}

void Pace::StopAcknowledging() {
  acknowledged_ = false;
  frames_.clear();
  progress_ = 0;
}

std::optional<absl::Time> Pace::starved_since() const {
  if (frames_.size() < kMaxFramesOnTheWay) return std::nullopt;
  return frames_.back().sent;
}

}  // namespace phosphene
