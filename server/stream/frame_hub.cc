#include "server/stream/frame_hub.h"

#include <algorithm>
#include <list>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/mutex.h"
#include "server/jobs/job_store.h"
#include "server/stream/inbox.h"

namespace phosphene {
namespace {

bool IsFinal(v1::Job::State state) {
  return state == v1::Job::SUCCEEDED || state == v1::Job::FAILED ||
         state == v1::Job::CANCELLED;
}

// On a device, so that frames and progress may come.
bool IsLive(v1::Job::State state) { return HasWorker(state); }

v1::JobEvent NewEvent(int64_t sequence, absl::Time time) {
  v1::JobEvent event;
  event.set_sequence(sequence);
  const int64_t nanos = absl::ToUnixNanos(time);
  event.mutable_time()->set_seconds(nanos / 1'000'000'000);
  event.mutable_time()->set_nanos(nanos % 1'000'000'000);
  return event;
}

std::shared_ptr<const HubEvent> Share(const v1::JobEvent& event) {
  auto shared = std::make_shared<HubEvent>();
  shared->sequence = event.sequence();
  if (event.has_frame()) {
    shared->kind = HubEvent::Kind::kFrame;
  } else if (event.has_progress()) {
    shared->kind = HubEvent::Kind::kProgress;
  } else {
    shared->final = IsFinal(event.job().state());
  }
  if (event.job().has_spec()) {
    v1::JobEvent lean = event;
    lean.mutable_job()->clear_spec();
    shared->wire = lean.SerializeAsString();
  } else {
    shared->wire = event.SerializeAsString();
  }
  return shared;
}

}  // namespace

v1::JobEvent Delivery::ToProto() const {
  v1::JobEvent proto;
  proto.ParseFromString(event->wire);
  proto.set_dropped_frames(dropped_frames);
  return proto;
}

std::string Delivery::Tail() const {
  v1::JobEvent proto;
  proto.set_dropped_frames(dropped_frames);
  return proto.SerializeAsString();
}

// Everything of the hub; kept alive by it and by each watcher.
class FrameHub::Core {
 public:
  using Event = std::shared_ptr<const HubEvent>;

  explicit Core(Options options) : options_(options) {}

  // Attaches a watcher and returns its number.
  absl::StatusOr<int64_t> Attach(const std::string& job,
                                 const WatchOptions& watch);
  void Seed(int64_t id, const std::vector<v1::JobEvent>& events, bool ended);
  Subscription::Taken Next(int64_t id, std::function<void()> wake);
  void Detach(int64_t id);

  void PublishState(const v1::JobEvent& event);
  int64_t PublishProgress(const std::string& job, const v1::Progress& progress);
  int64_t PublishFrame(const std::string& job, const v1::Frame& frame);
  void CloseAll(const absl::Status& status);

  bool WantsFrames(absl::string_view job) const;
  std::optional<v1::Progress> LatestProgress(absl::string_view job) const;
  int64_t watchers() const;
  int64_t dropped_frames() const;

 private:
  struct Watcher {
    std::string job;
    bool omit_frames = false;
    Inbox inbox;
    std::function<void()> wake;
    std::vector<std::thread::id> waking;  // threads inside a wake
  };
  struct Topic {
    std::string created;  // when the job was; another job may take its name
    std::vector<int64_t> watchers;
    int frame_watchers = 0;     // of them, those that take frames
    int64_t last_state = 0;     // its sequence
    int64_t next_sequence = 0;  // of frames and progress; 0: none may come
    bool live = false;
    Event frame;                                 // the last one
    std::list<std::string>::iterator frame_age;  // in frames_, while `frame`
    v1::Progress progress;  // the last one, while progress_sequence != 0
    int64_t progress_sequence = 0;
    absl::Time progress_time;
  };
  struct Wake {
    int64_t id;
    std::function<void()> call;
  };
  using Topics = std::map<std::string, Topic, std::less<>>;

  // The next sequence of a live job, 0 when it may report nothing.
  int64_t TakeSequence(const std::string& job);
  // Gives an event to everybody who watches the job; returns whom to wake.
  std::vector<Wake> Offer(Topic& topic, const Event& event)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Takes a watcher's wake if it should be called.
  void Collect(int64_t id, Watcher& watcher, std::vector<Wake>& wakes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Call(std::vector<Wake> wakes) ABSL_LOCKS_EXCLUDED(mu_);
  void KeepFrame(const std::string& job, Topic& topic, Event frame)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void DropFrame(Topic& topic) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EraseIfIdle(Topics::iterator it) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Forgets the job that had the name before.
  void Renew(Topic& topic, const std::string& created)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Options options_;
  mutable Mutex mu_;
  CondVar woken_;  // a wake has returned
  Topics topics_ ABSL_GUARDED_BY(mu_);
  std::map<int64_t, Watcher> watchers_ ABSL_GUARDED_BY(mu_);
  int64_t last_id_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t dropped_frames_ ABSL_GUARDED_BY(mu_) = 0;
  // Jobs with a last frame, the oldest frame first, and the frames' bytes.
  std::list<std::string> frames_ ABSL_GUARDED_BY(mu_);
  size_t frame_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

absl::StatusOr<int64_t> FrameHub::Core::Attach(const std::string& job,
                                               const WatchOptions& watch) {
  MutexLock lock(&mu_);
  if (closed_) return absl::UnavailableError("the server goes away");
  Topic& topic = topics_[job];
  if (static_cast<int>(topic.watchers.size()) >=
      options_.max_watchers_per_job) {
    return absl::ResourceExhaustedError(
        absl::StrCat(job, " has ", topic.watchers.size(),
                     " watchers already, the most allowed"));
  }
  const int64_t id = ++last_id_;
  Inbox inbox({.after_sequence = watch.after_sequence,
               .omit_frames = watch.omit_frames,
               .max_pending_states = options_.max_pending_states});
  if (topic.frame != nullptr) inbox.Offer(topic.frame);
  if (topic.progress_sequence != 0) {
    v1::JobEvent event = NewEvent(topic.progress_sequence, topic.progress_time);
    *event.mutable_progress() = topic.progress;
    inbox.Offer(Share(event));
  }
  topic.watchers.push_back(id);
  topic.frame_watchers += watch.omit_frames ? 0 : 1;
  watchers_.emplace(
      id, Watcher{job, watch.omit_frames, std::move(inbox), nullptr, {}});
  return id;
}

void FrameHub::Core::Seed(int64_t id, const std::vector<v1::JobEvent>& events,
                          bool ended) {
  std::vector<Event> shared;
  shared.reserve(events.size());
  for (const v1::JobEvent& event : events) shared.push_back(Share(event));
  MutexLock lock(&mu_);
  const auto it = watchers_.find(id);
  if (it == watchers_.end()) return;
  for (const Event& event : shared) it->second.inbox.Offer(event);
  if (ended) it->second.inbox.EndWell();
}

Subscription::Taken FrameHub::Core::Next(int64_t id,
                                         std::function<void()> wake) {
  // The wake replaced is destroyed after the lock is released: what it holds
  // may come back here.
  MutexLock lock(&mu_);
  const auto it = watchers_.find(id);
  Subscription::Taken taken;
  if (it == watchers_.end()) {
    taken.kind = Subscription::Taken::Kind::kEnded;
    taken.status = absl::CancelledError("the watch was closed");
    return taken;
  }
  taken = it->second.inbox.Take();
  if (taken.kind == Subscription::Taken::Kind::kPending) {
    std::swap(it->second.wake, wake);
  }
  return taken;
}

void FrameHub::Core::Detach(int64_t id) {
  std::function<void()> unused;  // destroyed after the lock is released
  MutexLock lock(&mu_);
  auto it = watchers_.find(id);
  if (it == watchers_.end()) return;
  std::swap(unused, it->second.wake);
  const auto& waking = it->second.waking;
  const std::thread::id self = std::this_thread::get_id();
  while (std::find(waking.begin(), waking.end(), self) == waking.end() &&
         !waking.empty()) {
    woken_.Wait(&mu_);
    it = watchers_.find(id);
    if (it == watchers_.end()) return;
  }
  const auto topic = topics_.find(it->second.job);
  auto& ids = topic->second.watchers;
  ids.erase(std::find(ids.begin(), ids.end(), id));
  topic->second.frame_watchers -= it->second.omit_frames ? 0 : 1;
  EraseIfIdle(topic);
  watchers_.erase(it);
  woken_.SignalAll();  // others who close it too
}

std::vector<FrameHub::Core::Wake> FrameHub::Core::Offer(Topic& topic,
                                                        const Event& event) {
  std::vector<Wake> wakes;
  for (const int64_t id : topic.watchers) {
    Watcher& watcher = watchers_.at(id);
    const int64_t dropped = watcher.inbox.dropped_frames();
    watcher.inbox.Offer(event);
    dropped_frames_ += watcher.inbox.dropped_frames() - dropped;
    Collect(id, watcher, wakes);
  }
  return wakes;
}

void FrameHub::Core::Collect(int64_t id, Watcher& watcher,
                             std::vector<Wake>& wakes) {
  if (!watcher.wake || !watcher.inbox.ready()) return;
  wakes.push_back({id, std::exchange(watcher.wake, nullptr)});
  watcher.waking.push_back(std::this_thread::get_id());
}

void FrameHub::Core::Call(std::vector<Wake> wakes) {
  for (Wake& wake : wakes) {
    wake.call();
    wake.call = nullptr;
    MutexLock lock(&mu_);
    const auto it = watchers_.find(wake.id);
    if (it == watchers_.end()) continue;  // closed by the wake
    auto& waking = it->second.waking;
    waking.erase(
        std::find(waking.begin(), waking.end(), std::this_thread::get_id()));
    woken_.SignalAll();
  }
}

void FrameHub::Core::PublishState(const v1::JobEvent& event) {
  const Event shared = Share(event);
  const bool live = IsLive(event.job().state());
  std::vector<Wake> wakes;
  {
    MutexLock lock(&mu_);
    auto it = topics_.find(event.job().name());
    if (it == topics_.end()) {
      if (!live) return;  // nobody watches and nothing will be reported
      it = topics_.emplace(event.job().name(), Topic()).first;
    }
    Topic& topic = it->second;
    const std::string created = event.job().create_time().SerializeAsString();
    if (topic.created != created) Renew(topic, created);
    if (event.sequence() <= topic.last_state) return;
    topic.last_state = event.sequence();
    topic.live = live;
    topic.next_sequence = live ? event.sequence() + 1 : 0;
    if (!live) topic.progress_sequence = 0;
    wakes = Offer(topic, shared);
    EraseIfIdle(it);
  }
  Call(std::move(wakes));
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
  const Event shared = Share(event);
  std::vector<Wake> wakes;
  {
    MutexLock lock(&mu_);
    const auto it = topics_.find(job);
    if (it == topics_.end() || !it->second.live) return sequence;
    it->second.progress = progress;
    it->second.progress_sequence = sequence;
    it->second.progress_time = now;
    wakes = Offer(it->second, shared);
  }
  Call(std::move(wakes));
  return sequence;
}

int64_t FrameHub::Core::PublishFrame(const std::string& job,
                                     const v1::Frame& frame) {
  const int64_t sequence = TakeSequence(job);
  if (sequence == 0) return 0;
  v1::JobEvent event = NewEvent(sequence, options_.clock->Now());
  *event.mutable_frame() = frame;
  const Event shared = Share(event);
  std::vector<Wake> wakes;
  {
    MutexLock lock(&mu_);
    const auto it = topics_.find(job);
    if (it == topics_.end()) return sequence;
    wakes = Offer(it->second, shared);
    KeepFrame(job, it->second, shared);
  }
  Call(std::move(wakes));
  return sequence;
}

void FrameHub::Core::KeepFrame(const std::string& job, Topic& topic,
                               Event frame) {
  DropFrame(topic);
  frame_bytes_ += frame->wire.size();
  topic.frame = std::move(frame);
  topic.frame_age = frames_.insert(frames_.end(), job);
  while (frame_bytes_ > options_.last_frame_bytes) {
    const auto oldest = topics_.find(frames_.front());
    DropFrame(oldest->second);
    EraseIfIdle(oldest);
  }
}

void FrameHub::Core::DropFrame(Topic& topic) {
  if (topic.frame == nullptr) return;
  frame_bytes_ -= topic.frame->wire.size();
  frames_.erase(topic.frame_age);
  topic.frame = nullptr;
}

void FrameHub::Core::Renew(Topic& topic, const std::string& created) {
  topic.created = created;
  topic.last_state = 0;
  topic.next_sequence = 0;
  topic.progress_sequence = 0;
  DropFrame(topic);
}

void FrameHub::Core::EraseIfIdle(Topics::iterator it) {
  const Topic& topic = it->second;
  if (topic.watchers.empty() && !topic.live && topic.frame == nullptr) {
    topics_.erase(it);
  }
}

void FrameHub::Core::CloseAll(const absl::Status& status) {
  std::vector<Wake> wakes;
  {
    MutexLock lock(&mu_);
    closed_ = true;
    for (auto& [id, watcher] : watchers_) {
      watcher.inbox.End(status);
      Collect(id, watcher, wakes);
    }
  }
  Call(std::move(wakes));
}

bool FrameHub::Core::WantsFrames(absl::string_view job) const {
  MutexLock lock(&mu_);
  const auto it = topics_.find(job);
  return it != topics_.end() && it->second.frame_watchers > 0;
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

int64_t FrameHub::Core::watchers() const {
  MutexLock lock(&mu_);
  return watchers_.size();
}

int64_t FrameHub::Core::dropped_frames() const {
  MutexLock lock(&mu_);
  return dropped_frames_;
}

// A watcher's handle.
class FrameHub::Watcher : public Subscription {
 public:
  Watcher(std::shared_ptr<Core> core, int64_t id)
      : core_(std::move(core)), id_(id) {}
  ~Watcher() override { core_->Detach(id_); }

  Taken Next(std::function<void()> wake) override {
    return core_->Next(id_, std::move(wake));
  }
  void Seed(const std::vector<v1::JobEvent>& events, bool ended) override {
    core_->Seed(id_, events, ended);
  }
  void Close() override { core_->Detach(id_); }

 private:
  const std::shared_ptr<Core> core_;
  const int64_t id_;
};

FrameHub::FrameHub(Options options) : core_(std::make_shared<Core>(options)) {}

FrameHub::~FrameHub() {
  CloseAll(absl::UnavailableError("the server goes away"));
}

absl::StatusOr<std::unique_ptr<Subscription>> FrameHub::Subscribe(
    absl::string_view job, WatchOptions options) {
  const absl::StatusOr<int64_t> id = core_->Attach(std::string(job), options);
  if (!id.ok()) return id.status();
  return std::make_unique<Watcher>(core_, *id);
}

bool FrameHub::WantsFrames(absl::string_view job) const {
  return core_->WantsFrames(job);
}
int64_t FrameHub::watchers() const { return core_->watchers(); }
int64_t FrameHub::dropped_frames() const { return core_->dropped_frames(); }

void FrameHub::PublishState(const v1::JobEvent& event) {
  core_->PublishState(event);
}
int64_t FrameHub::PublishProgress(absl::string_view job,
                                  const v1::Progress& progress) {
  return core_->PublishProgress(std::string(job), progress);
}
int64_t FrameHub::PublishFrame(absl::string_view job, const v1::Frame& frame) {
  return core_->PublishFrame(std::string(job), frame);
}
std::optional<v1::Progress> FrameHub::LatestProgress(
    absl::string_view job) const {
  return core_->LatestProgress(job);
}
void FrameHub::CloseAll(const absl::Status& status) { core_->CloseAll(status); }

}  // namespace phosphene
