// The last frames of jobs, within a budget of bytes.
#include "server/stream/last_frames.h"

#include <utility>

namespace phosphene {

std::vector<std::string> LastFrames::Keep(
    const std::string& job, std::shared_ptr<const HubEvent> frame) {
  Drop(job);
  bytes_ += frame->wire.size();
  frames_.emplace(job,
                  Kept{std::move(frame), by_age_.insert(by_age_.end(), job)});
  std::vector<std::string> gone;
  while (bytes_ > budget_) {
    gone.push_back(by_age_.front());
    Drop(gone.back());
  }
  return gone;
}

void LastFrames::Drop(absl::string_view job) {
  const auto it = frames_.find(job);
  if (it == frames_.end()) return;
  bytes_ -= it->second.frame->wire.size();
  by_age_.erase(it->second.age);
  frames_.erase(it);
}

std::shared_ptr<const HubEvent> LastFrames::Find(absl::string_view job) const {
  const auto it = frames_.find(job);
  return it == frames_.end() ? nullptr : it->second.frame;
}

}  // namespace phosphene
