// What one watcher has not taken yet, and which of it comes next.
#include "server/stream/inbox.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"

namespace phosphene {

using Kind = HubEvent::Kind;

void Inbox::Offer(std::shared_ptr<const HubEvent> event, absl::Time now) {
  if (!failure_.ok()) return;
  if (event->final) EndWell(now);
  if (event->sequence <= taken_sequence_) return;
  if (event->kind == Kind::kState) {
    OfferState(std::move(event), now);
    return;
  }
  const bool frame = event->kind == Kind::kFrame;
  if (frame && options_.omit_frames) return;
  std::shared_ptr<const HubEvent>& slot = frame ? frame_ : progress_;
  if (slot != nullptr && slot->sequence >= event->sequence) return;
  if (frame) {
    if (slot != nullptr) ++dropped_frames_;
    frame_offered_ = now;
  }
  slot = std::move(event);
}

void Inbox::OfferState(std::shared_ptr<const HubEvent> event, absl::Time now) {
  if (static_cast<int>(states_.size()) < options_.max_pending_states) {
    const int64_t sequence = event->sequence;
    states_.emplace(sequence, State{std::move(event), now});
    return;
  }
  // Nothing newer than the state that has no room may be taken.
  frame_ = nullptr;
  progress_ = nullptr;
  finished_ = false;
  End(absl::UnavailableError(
          "the watch fell behind; attach again with the last sequence seen"),
      now);
}

void Inbox::EndWell(absl::Time now) {
  finished_ = true;
  over_since_ = std::min(over_since_, now);
}

void Inbox::End(const absl::Status& status, absl::Time now) {
  if (finished_) return;
  failure_ = status;
  over_since_ = std::min(over_since_, now);
}

void Inbox::Abort(const absl::Status& status, absl::Time now) {
  states_.clear();
  frame_ = nullptr;
  progress_ = nullptr;
  finished_ = false;
  End(status, now);
}

void Inbox::DropFrame() {
  if (std::exchange(frame_, nullptr) != nullptr) ++dropped_frames_;
}

Inbox::Choice Inbox::Choose(absl::Time now) const {
  const int64_t next_state = states_.empty()
                                 ? std::numeric_limits<int64_t>::max()
                                 : states_.begin()->first;
  const bool frame = frame_ != nullptr && frame_->sequence < next_state;
  const bool progress =
      progress_ != nullptr && progress_->sequence < next_state;
  if (frame || progress) {
    return states_.empty() && !over() ? ChooseByPace(now)
                                      : ChooseBeforeState(frame, progress, now);
  }
  if (!states_.empty()) return {Choice::What::kState, now};
  if (over()) return {Choice::What::kEnd, now};
  return {};
}

Inbox::Choice Inbox::ChooseBeforeState(bool frame, bool progress,
                                       absl::Time now) const {
  if (!pace_.starved_since().has_value()) {
    const bool frame_first =
        frame && (!progress || frame_->sequence < progress_->sequence);
    return {frame_first ? Choice::What::kFrame : Choice::What::kProgress, now};
  }
  const absl::Time since =
      states_.empty() ? over_since_ : states_.begin()->second.since;
  return {states_.empty() ? Choice::What::kEnd : Choice::What::kState,
          since + kPatience, frame, progress};
}

Inbox::Choice Inbox::ChooseByPace(absl::Time now) const {
  using What = Choice::What;
  const absl::Time frame_at = frame_ == nullptr
                                  ? absl::InfiniteFuture()
                                  : pace_.Release(Kind::kFrame, now);
  const absl::Time progress_at = progress_ == nullptr
                                     ? absl::InfiniteFuture()
                                     : pace_.Release(Kind::kProgress, now);
  if (progress_ == nullptr) return {What::kFrame, frame_at};
  if (frame_ == nullptr) return {What::kProgress, progress_at};
  if (progress_->sequence < frame_->sequence) {
    // A frame that may go does not wait for numbers.
    if (frame_at < progress_at && now < progress_at)
      return {What::kFrame, frame_at, false, /*drop_progress=*/true};
    return {What::kProgress, progress_at};
  }
  if (now < frame_at && std::max(progress_at, now) < frame_at - kHoldBack)
    return {What::kProgress, progress_at, /*drop_frame=*/true};
  return {What::kFrame, frame_at};
}

absl::Time Inbox::NextAt(absl::Time now) const { return Choose(now).at; }

Subscription::Taken Inbox::Take(absl::Time now) {
  Subscription::Taken taken;
  const Choice choice = Choose(now);
  if (choice.at > now) return taken;
  if (choice.drop_frame) DropFrame();
  if (choice.drop_progress) progress_ = nullptr;
  std::shared_ptr<const HubEvent> event;
  switch (choice.what) {
    case Choice::What::kNone:
      return taken;
    case Choice::What::kEnd:
      taken.kind = Subscription::Taken::Kind::kEnded;
      taken.status = failure_;
      return taken;
    case Choice::What::kState:
      event = std::move(states_.extract(states_.begin()).mapped().event);
      break;
    case Choice::What::kFrame:
      event = std::exchange(frame_, nullptr);
      break;
    case Choice::What::kProgress:
      event = std::exchange(progress_, nullptr);
      break;
  }
  pace_.Sent(*event, now);
  taken_sequence_ = event->sequence;
  taken.kind = Subscription::Taken::Kind::kEvent;
  taken.delivery = {std::move(event), dropped_frames_};
  return taken;
}

absl::Status Inbox::Acknowledge(int64_t sequence) {
  if (sequence < 0 || sequence > taken_sequence_) {
    return FieldError(
        "acknowledged_sequence",
        absl::StrCat(sequence, " is of no event sent yet; the last one is ",
                     taken_sequence_));
  }
  pace_.Acknowledge(sequence);
  return absl::OkStatus();
}

bool Inbox::WantsFrame(absl::Time now) const {
  return !options_.omit_frames && !over() &&
         pace_.WantsFrame(frame_offered_, now);
}

}  // namespace phosphene
