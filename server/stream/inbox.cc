#include "server/stream/inbox.h"

#include <utility>

namespace phosphene {

void Inbox::Offer(std::shared_ptr<const HubEvent> event) {
  if (!failure_.ok()) return;
  if (event->final) finished_ = true;
  if (event->sequence <= taken_sequence_) return;
  if (event->kind == HubEvent::Kind::kState) {
    OfferState(std::move(event));
    return;
  }
  const bool frame = event->kind == HubEvent::Kind::kFrame;
  if (frame && options_.omit_frames) return;
  std::shared_ptr<const HubEvent>& slot = frame ? frame_ : progress_;
  if (slot != nullptr && slot->sequence >= event->sequence) return;
  if (frame && slot != nullptr) ++dropped_frames_;
  slot = std::move(event);
}

void Inbox::OfferState(std::shared_ptr<const HubEvent> event) {
  if (static_cast<int>(states_.size()) < options_.max_pending_states) {
    states_.emplace(event->sequence, std::move(event));
    return;
  }
  // Nothing newer than the state that has no room may be taken.
  frame_ = nullptr;
  progress_ = nullptr;
  finished_ = false;
  End(absl::UnavailableError(
      "the watch fell behind; attach again with the last sequence seen"));
}

void Inbox::End(const absl::Status& status) {
  if (!finished_) failure_ = status;
}

bool Inbox::ready() const {
  return finished_ || !failure_.ok() || !states_.empty() || frame_ != nullptr ||
         progress_ != nullptr;
}

std::shared_ptr<const HubEvent> Inbox::TakeOldest() {
  std::shared_ptr<const HubEvent>* oldest = nullptr;
  for (auto* slot : {&frame_, &progress_}) {
    if (*slot != nullptr &&
        (oldest == nullptr || (*slot)->sequence < (*oldest)->sequence)) {
      oldest = slot;
    }
  }
  if (!states_.empty() &&
      (oldest == nullptr || states_.begin()->first < (*oldest)->sequence)) {
    return std::move(states_.extract(states_.begin()).mapped());
  }
  return oldest == nullptr ? nullptr : std::exchange(*oldest, nullptr);
}

Subscription::Taken Inbox::Take() {
  Subscription::Taken taken;
  if (std::shared_ptr<const HubEvent> event = TakeOldest()) {
    taken_sequence_ = event->sequence;
    taken.kind = Subscription::Taken::Kind::kEvent;
    taken.delivery = {std::move(event), dropped_frames_};
  } else if (finished_ || !failure_.ok()) {
    taken.kind = Subscription::Taken::Kind::kEnded;
    taken.status = failure_;
  }
  return taken;
}

}  // namespace phosphene
