#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/base/mutex.h"
#include "server/stream/frame_hub.h"
#include "server/stream/inbox.h"
#include "server/stream/last_frames.h"

namespace phosphene {

// Everything of the hub; kept alive by it and by each watcher. What is
// published is in hub_topics.cc, who watches in hub_watchers.cc. Thread-safe.
class FrameHub::Core : public std::enable_shared_from_this<FrameHub::Core> {
 public:
  using Event = std::shared_ptr<const HubEvent>;

  explicit Core(const Options& options)
      : options_(options), frames_(options.last_frame_bytes) {}

  // Attaches a watcher and returns its number.
  absl::StatusOr<int64_t> Attach(const std::string& job, WatchOptions watch);
  void Seed(int64_t id, const std::vector<v1::JobEvent>& events, bool ended);
  Subscription::Taken Next(int64_t id, std::function<void()> wake);
  absl::Status Acknowledge(int64_t id, int64_t sequence);
  void StopAcknowledging(int64_t id);
  void Detach(int64_t id);

  void PublishState(const v1::JobEvent& event);
  int64_t PublishProgress(const std::string& job, const v1::Progress& progress);
  int64_t PublishFrame(const std::string& job, const v1::Frame& frame);
  void CloseAll(const absl::Status& status);

  bool WantsFrames(absl::string_view job);
  std::optional<v1::Progress> LatestProgress(absl::string_view job) const;
  int64_t watchers() const;
  int64_t dropped_frames() const;

 private:
  struct Watcher {
    std::string job;
    std::string peer;
    bool omit_frames = false;
    Inbox inbox;
    std::function<void()> wake;
    std::function<void(const absl::Status&)> cut;
    // Since when its reader has owed a Next: it took an event, or was woken.
    absl::Time owing_since = absl::InfiniteFuture();
    absl::Time alarm_at = absl::InfiniteFuture();  // an alarm is set for then
    bool seated = true;      // among the watchers of its topic
    bool sentenced = false;  // Reap looks after it
    std::vector<std::thread::id> calling = {};  // threads inside wake or cut
  };
  struct Topic {
    std::string created;  // when the job was; another job may take its name
    std::vector<int64_t> watchers;
    int64_t last_state = 0;     // its sequence
    int64_t next_sequence = 0;  // of frames and progress; 0: none may come
    bool live = false;
    v1::Progress progress;  // the last one, while progress_sequence != 0
    int64_t progress_sequence = 0;
    absl::Time progress_time;
  };
  // What is left to do once the lock is released.
  struct Chores {
    struct Call {
      int64_t id;
      std::function<void()> run;
    };
    struct Alarm {
      int64_t id;
      absl::Duration delay;
      void (Core::*ring)(int64_t id);
    };
    std::vector<Call> calls;
    std::vector<Alarm> alarms;
  };
  using Topics = std::map<std::string, Topic, std::less<>>;

  // The next sequence of a live job, 0 when it may report nothing.
  int64_t TakeSequence(const std::string& job);
  // Gives an event to everybody who watches the job.
  void Offer(Topic& topic, const Event& event, Chores& chores)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Forgets the job that had the name before.
  void Renew(Topic& topic, const std::string& job, const std::string& created)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EraseIfIdle(const std::string& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Sees to it that there is room for one more watcher, of `peer`.
  absl::Status Admit(const std::string& job, const std::string& peer,
                     Chores& chores) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Unseat(int64_t id, Watcher& watcher) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Sees to it that a watcher whose inbox has changed is woken, now or later.
  void Attend(int64_t id, Watcher& watcher, absl::Time now, Chores& chores)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Ends a watch that is not read.
  void Evict(int64_t id, Watcher& watcher, const absl::Status& status,
             Chores& chores) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Do(Chores chores) ABSL_LOCKS_EXCLUDED(mu_);
  // Alarms: the pace allows the next event; the job's end was a while ago.
  void Ring(int64_t id) ABSL_LOCKS_EXCLUDED(mu_);
  void Reap(int64_t id) ABSL_LOCKS_EXCLUDED(mu_);

  // Now, for the pace and for how long a watch was not read: a moment by the
  // clock that is never set, of no meaning outside.
  absl::Time SteadyNow() const {
    return absl::UnixEpoch() + options_.clock->Steady();
  }

  const Options options_;
  mutable Mutex mu_;
  CondVar called_;  // a wake or cut has returned
  Topics topics_ ABSL_GUARDED_BY(mu_);
  std::map<int64_t, Watcher> watchers_ ABSL_GUARDED_BY(mu_);
  int64_t last_id_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t dropped_frames_ ABSL_GUARDED_BY(mu_) = 0;
  LastFrames frames_ ABSL_GUARDED_BY(mu_);
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace phosphene
