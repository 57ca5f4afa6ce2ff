// Who watches jobs: attached, woken, ended when not read, and detached.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/stream/hub_core.h"

namespace phosphene {

absl::StatusOr<int64_t> FrameHub::Core::Attach(const std::string& job,
                                               WatchOptions watch) {
  int64_t id = 0;
  Chores chores;
  {
    MutexLock lock(&mu_);
    if (closed_) return absl::UnavailableError("the server goes away");
    const absl::Status room = Admit(job, watch.peer, chores);
    if (!room.ok()) return room;
    Topic& topic = topics_[job];
    id = ++last_id_;
    const absl::Time now = SteadyNow();
    Inbox inbox(
        {.after_sequence = watch.after_sequence,
         .omit_frames = watch.omit_frames,
         .max_pending_states = options_.max_pending_states,
         .pace = options_.alarm == nullptr ? Pace::Options() : watch.pace});
    if (Event frame = frames_.Find(job)) inbox.Offer(std::move(frame), now);
    if (topic.progress_sequence != 0) {
      v1::JobEvent event =
          NewEvent(topic.progress_sequence, topic.progress_time);
      *event.mutable_progress() = topic.progress;
      inbox.Offer(ShareEvent(event), now);
    }
    topic.watchers.push_back(id);
    watchers_.emplace(id, Watcher{.job = job,
                                  .peer = std::move(watch.peer),
                                  .omit_frames = watch.omit_frames,
                                  .inbox = std::move(inbox),
                                  .wake = nullptr,
                                  .cut = std::move(watch.cut)});
  }
  Do(std::move(chores));
  return id;
}

absl::Status FrameHub::Core::Admit(const std::string& job,
                                   const std::string& peer, Chores& chores) {
  const auto topic = topics_.find(job);
  if (topic == topics_.end()) return absl::OkStatus();
  std::vector<Seat> seats;
  seats.reserve(topic->second.watchers.size());
  for (const int64_t id : topic->second.watchers) {
    const Watcher& watcher = watchers_.at(id);
    const absl::Time starved =
        watcher.inbox.pace().starved_since().value_or(absl::InfiniteFuture());
    seats.push_back({id, watcher.peer, std::min(starved, watcher.owing_since)});
  }
  const auto loser = MakeRoom(seats, job, peer, options_.crowd, SteadyNow());
  if (!loser.ok()) return loser.status();
  if (!loser->has_value()) return absl::OkStatus();
  Evict(**loser, watchers_.at(**loser),
        WithReason(absl::ResourceExhaustedError(
                       absl::StrCat("this watch of ", job,
                                    " was not read, and others want to watch; "
                                    "watch again with the last sequence seen")),
                   "WATCH_NOT_READ"),
        chores);
  return absl::OkStatus();
}

void FrameHub::Core::Seed(int64_t id, const std::vector<v1::JobEvent>& events,
                          bool ended) {
  std::vector<Event> shared;
  shared.reserve(events.size());
  for (const v1::JobEvent& event : events) shared.push_back(ShareEvent(event));
  Chores chores;
  {
    MutexLock lock(&mu_);
    const auto it = watchers_.find(id);
    if (it == watchers_.end()) return;
    Inbox& inbox = it->second.inbox;
    const absl::Time now = SteadyNow();
    for (const Event& event : shared) inbox.Offer(event, now);
    if (ended) inbox.EndWell(now);
    Attend(id, it->second, now, chores);
  }
  Do(std::move(chores));
}

Subscription::Taken FrameHub::Core::Next(int64_t id,
                                         std::function<void()> wake) {
  Subscription::Taken taken;
  Chores chores;
  {
    // The wake replaced is destroyed after the lock is released: what it holds
    // may come back here.
    MutexLock lock(&mu_);
    const auto it = watchers_.find(id);
    if (it == watchers_.end()) {
      taken.kind = Subscription::Taken::Kind::kEnded;
      taken.status = absl::CancelledError("the watch was closed");
      return taken;
    }
    Watcher& watcher = it->second;
    const absl::Time now = SteadyNow();
    const int64_t dropped = watcher.inbox.dropped_frames();
    taken = watcher.inbox.Take(now);
    dropped_frames_ += watcher.inbox.dropped_frames() - dropped;
    watcher.owing_since = taken.kind == Subscription::Taken::Kind::kEvent
                              ? now
                              : absl::InfiniteFuture();
    if (taken.kind == Subscription::Taken::Kind::kPending) {
      std::swap(watcher.wake, wake);
      Attend(id, watcher, now, chores);
    }
  }
  Do(std::move(chores));
  return taken;
}

absl::Status FrameHub::Core::Acknowledge(int64_t id, int64_t sequence) {
  const absl::Time now = SteadyNow();
  Chores chores;
  {
    MutexLock lock(&mu_);
    const auto it = watchers_.find(id);
    if (it == watchers_.end()) return absl::OkStatus();
    const absl::Status status = it->second.inbox.Acknowledge(sequence);
    if (!status.ok()) return status;
    Attend(id, it->second, now, chores);
  }
  Do(std::move(chores));
  return absl::OkStatus();
}

void FrameHub::Core::StopAcknowledging(int64_t id) {
  const absl::Time now = SteadyNow();
  Chores chores;
  {
    MutexLock lock(&mu_);
    const auto it = watchers_.find(id);
    if (it == watchers_.end()) return;
    it->second.inbox.StopAcknowledging();
    Attend(id, it->second, now, chores);
  }
  Do(std::move(chores));
}

void FrameHub::Core::Unseat(int64_t id, Watcher& watcher) {
  if (!std::exchange(watcher.seated, false)) return;
  auto& ids = topics_.at(watcher.job).watchers;
  ids.erase(std::find(ids.begin(), ids.end(), id));
  EraseIfIdle(watcher.job);
}

void FrameHub::Core::Detach(int64_t id) {
  // Destroyed after the lock is released.
  std::function<void()> unused;
  std::function<void(const absl::Status&)> unused_cut;
  MutexLock lock(&mu_);
  auto it = watchers_.find(id);
  if (it == watchers_.end()) return;
  std::swap(unused, it->second.wake);
  std::swap(unused_cut, it->second.cut);
  const auto& calling = it->second.calling;
  const std::thread::id self = std::this_thread::get_id();
  while (std::find(calling.begin(), calling.end(), self) == calling.end() &&
         !calling.empty()) {
    called_.Wait(&mu_);
    it = watchers_.find(id);
    if (it == watchers_.end()) return;
  }
  Unseat(id, it->second);
  watchers_.erase(it);
  called_.SignalAll();  // others who close it too
}

void FrameHub::Core::Attend(int64_t id, Watcher& watcher, absl::Time now,
                            Chores& chores) {
  if (watcher.inbox.over() && options_.alarm != nullptr &&
      !std::exchange(watcher.sentenced, true)) {
    chores.alarms.push_back({id, options_.unread_grace, &Core::Reap});
  }
  if (!watcher.wake) return;
  const absl::Time at = watcher.inbox.NextAt(now);
  if (at <= now) {
    watcher.owing_since = now;
    chores.calls.push_back({id, std::exchange(watcher.wake, nullptr)});
    watcher.calling.push_back(std::this_thread::get_id());
  } else if (at < watcher.alarm_at && options_.alarm != nullptr) {
    watcher.alarm_at = at;
    chores.alarms.push_back({id, at - now, &Core::Ring});
  }
}

void FrameHub::Core::Evict(int64_t id, Watcher& watcher,
                           const absl::Status& status, Chores& chores) {
  const absl::Time now = SteadyNow();
  watcher.inbox.Abort(status, now);
  Unseat(id, watcher);
  Attend(id, watcher, now, chores);
  if (!watcher.cut) return;
  chores.calls.push_back({id, [cut = std::exchange(watcher.cut, nullptr),
                               status] { cut(status); }});
  watcher.calling.push_back(std::this_thread::get_id());
}

void FrameHub::Core::Do(Chores chores) {
  for (const Chores::Alarm& alarm : chores.alarms) {
    options_.alarm->ExecuteAfter(
        alarm.delay,
        [weak = weak_from_this(), id = alarm.id, ring = alarm.ring] {
          if (const auto core = weak.lock()) (core.get()->*ring)(id);
        });
  }
  for (Chores::Call& call : chores.calls) {
    call.run();
    call.run = nullptr;
    MutexLock lock(&mu_);
    const auto it = watchers_.find(call.id);
    if (it == watchers_.end()) continue;  // closed by the call
    auto& calling = it->second.calling;
    calling.erase(
        std::find(calling.begin(), calling.end(), std::this_thread::get_id()));
    called_.SignalAll();
  }
}

void FrameHub::Core::Ring(int64_t id) {
  const absl::Time now = SteadyNow();
  Chores chores;
  {
    MutexLock lock(&mu_);
    const auto it = watchers_.find(id);
    if (it == watchers_.end()) return;
    it->second.alarm_at = absl::InfiniteFuture();
    Attend(id, it->second, now, chores);
  }
  Do(std::move(chores));
}

void FrameHub::Core::Reap(int64_t id) {
  const absl::Time now = SteadyNow();
  const absl::Duration grace = options_.unread_grace;
  Chores chores;
  {
    MutexLock lock(&mu_);
    const auto it = watchers_.find(id);
    if (it == watchers_.end()) return;
    Watcher& watcher = it->second;
    // It reads: owing_since is in the future.
    const absl::Duration idle =
        std::max(now - watcher.owing_since, absl::ZeroDuration());
    if (idle >= grace) {
      Evict(id, watcher,
            WithReason(absl::ResourceExhaustedError(
                           absl::StrCat(watcher.job,
                                        " has ended, and this watch was not "
                                        "read for ",
                                        absl::FormatDuration(grace))),
                       "WATCH_NOT_READ"),
            chores);
    } else {
      chores.alarms.push_back({id, grace - idle, &Core::Reap});
    }
  }
  Do(std::move(chores));
}

void FrameHub::Core::CloseAll(const absl::Status& status) {
  Chores chores;
  {
    MutexLock lock(&mu_);
    closed_ = true;
    const absl::Time now = SteadyNow();
    for (auto& [id, watcher] : watchers_) {
      watcher.inbox.End(status, now);
      Attend(id, watcher, now, chores);
    }
  }
  Do(std::move(chores));
}

int64_t FrameHub::Core::watchers() const {
  MutexLock lock(&mu_);
  return watchers_.size();
}

}  // namespace phosphene
