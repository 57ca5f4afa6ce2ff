// What is published of jobs, and what is remembered of it.
#include <utility>

#include "server/jobs/job_store.h"
#include "server/stream/hub_core.h"

namespace phosphene {

void FrameHub::Core::Offer(Topic& topic, const Event& event, Chores& chores) {
  const absl::Time now = SteadyNow();
  for (const int64_t id : topic.watchers) {
    Watcher& watcher = watchers_.at(id);
    const int64_t dropped = watcher.inbox.dropped_frames();
    watcher.inbox.Offer(event, now);
    dropped_frames_ += watcher.inbox.dropped_frames() - dropped;
    Attend(id, watcher, now, chores);
  }
}

void FrameHub::Core::PublishState(const v1::JobEvent& event) {
  const Event shared = ShareEvent(event);
  const std::string& job = event.job().name();
  const bool live = HasWorker(event.job().state());
  Chores chores;
  {
    MutexLock lock(&mu_);
    auto it = topics_.find(job);
    if (it == topics_.end()) {
      if (!live) return;  // nobody watches and nothing will be reported
      it = topics_.emplace(job, Topic()).first;
    }
    Topic& topic = it->second;
    const std::string created = event.job().create_time().SerializeAsString();
    if (topic.created != created) Renew(topic, job, created);
    if (event.sequence() <= topic.last_state) return;
    topic.last_state = event.sequence();
    topic.live = live;
    topic.next_sequence = live ? event.sequence() + 1 : 0;
    if (!live) topic.progress_sequence = 0;
    Offer(topic, shared, chores);
    EraseIfIdle(job);
  }
  Do(std::move(chores));
}

int64_t FrameHub::Core::TakeSequence(const std::string& job) {
  MutexLock lock(&mu_);
  const auto it = topics_.find(job);
  if (it == topics_.end() || it->second.next_sequence == 0) return 0;
  return it->second.next_sequence++;
}

int64_t FrameHub::Core::PublishProgress(const std::string& job,
                                        const v1::Progress& progress) {
  const int64_t sequence = TakeSequence(job);
  if (sequence == 0) return 0;
  const absl::Time now = options_.clock->Now();
  v1::JobEvent event = NewEvent(sequence, now);
  *event.mutable_progress() = progress;
  const Event shared = ShareEvent(event);
  Chores chores;
  {
    MutexLock lock(&mu_);
    const auto it = topics_.find(job);
    if (it == topics_.end() || !it->second.live) return sequence;
    it->second.progress = progress;
    it->second.progress_sequence = sequence;
    it->second.progress_time = now;
    Offer(it->second, shared, chores);
  }
  Do(std::move(chores));
  return sequence;
}

int64_t FrameHub::Core::PublishFrame(const std::string& job,
                                     const v1::Frame& frame) {
  const int64_t sequence = TakeSequence(job);
  if (sequence == 0) return 0;
  v1::JobEvent event = NewEvent(sequence, options_.clock->Now());
  *event.mutable_frame() = frame;
  const Event shared = ShareEvent(event);
  Chores chores;
  {
    MutexLock lock(&mu_);
    const auto it = topics_.find(job);
    if (it == topics_.end()) return sequence;
    Offer(it->second, shared, chores);
    for (const std::string& other : frames_.Keep(job, shared))
      EraseIfIdle(other);
  }
  Do(std::move(chores));
  return sequence;
}

void FrameHub::Core::Renew(Topic& topic, const std::string& job,
                           const std::string& created) {
  topic.created = created;
  topic.last_state = 0;
  topic.next_sequence = 0;
  topic.progress_sequence = 0;
  frames_.Drop(job);
}

void FrameHub::Core::EraseIfIdle(const std::string& job) {
  const auto it = topics_.find(job);
  if (it == topics_.end()) return;
  if (it->second.watchers.empty() && !it->second.live &&
      frames_.Find(job) == nullptr) {
    topics_.erase(it);
  }
}

bool FrameHub::Core::WantsFrames(absl::string_view job) {
  const absl::Time now = SteadyNow();
  MutexLock lock(&mu_);
  const auto it = topics_.find(job);
  if (it == topics_.end()) return false;
  std::vector<Inbox*> missing;
  for (const int64_t id : it->second.watchers) {
    Watcher& watcher = watchers_.at(id);
    if (watcher.inbox.WantsFrame(now)) return true;
    if (!watcher.omit_frames) missing.push_back(&watcher.inbox);
  }
  for (Inbox* inbox : missing) inbox->MissFrame();
  dropped_frames_ += static_cast<int64_t>(missing.size());
  return false;
}

std::optional<v1::Progress> FrameHub::Core::LatestProgress(
    absl::string_view job) const {
  MutexLock lock(&mu_);
  const auto it = topics_.find(job);
  if (it == topics_.end() || it->second.progress_sequence == 0) {
    return std::nullopt;
  }
  return it->second.progress;
}

int64_t FrameHub::Core::dropped_frames() const {
  MutexLock lock(&mu_);
  return dropped_frames_;
}

}  // namespace phosphene
