// The lanes of a device: whose step is next, and how jobs end.

#include "server/scheduler/device_runner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/base/log.h"

namespace phosphene {
namespace {

// A store may be away for hours; each try is a line in the log.
constexpr absl::Duration kMaxRetry = absl::Seconds(30);

// After the description of a device.
constexpr char kBroken[] = " (broken until the server starts again)";

}  // namespace

DeviceRunner::DeviceRunner(EngineDevice device, Options options,
                           std::unique_ptr<Executor> lanes,
                           std::unique_ptr<Executor> helper)
    : device_(std::move(device)),
      resource_name_(absl::StrCat(
          "devices/", absl::StrReplaceAll(device_.name, {{":", "-"}}))),
      options_(std::move(options)),
      threads_(options_.threads > 0 ? options_.threads : device_.threads),
      hold_delay_(options_.retry_after),
      helper_(std::move(helper)),
      lanes_(std::move(lanes)) {}

DeviceRunner::~DeviceRunner() {
  {
    MutexLock lock(&mu_);
    closed_ = true;  // alarms ring for nobody
  }
  lanes_.reset();  // runs the lanes that have not begun
  helper_.reset();
}

void DeviceRunner::Notify() {
  MutexLock lock(&mu_);
  look_ = true;
  Wake();
}

void DeviceRunner::TakeUp() {
  MutexLock lock(&mu_);
  if (!std::exchange(stood_back_, false)) return;
  look_ = true;
  Wake();
}

void DeviceRunner::Stop(absl::string_view job, int attempt) {
  Stops stops;
  {
    MutexLock lock(&mu_);
    for (auto& [id, place] : places_) {
      if (place.name != job) continue;
      place.stop_attempt = std::max(place.stop_attempt, attempt);
      if (place.attempt == attempt) stops.push_back(place.stop);
      if (place.stage == Place::Stage::kWaiting) place.retry_due = true;
    }
  }
  if (stops.empty()) return;
  for (std::stop_source& stop : stops)
    stop.request_stop();  // runs the engine's stop callbacks
  MutexLock lock(&mu_);
  Wake();
}

void DeviceRunner::BeginDrain() {
  Stops stops;
  {
    MutexLock lock(&mu_);
    draining_ = true;
    for (auto& [id, place] : places_) {
      stops.push_back(place.stop);
      // What waits to be committed is tried once more now.
      if (place.stage == Place::Stage::kWaiting) place.retry_due = true;
    }
  }
  for (std::stop_source& stop : stops) stop.request_stop();
  MutexLock lock(&mu_);
  Wake();
}

void DeviceRunner::WaitStill() {
  MutexLock lock(&mu_);
  while (running_ > 0) changed_.Wait(&mu_);
}

std::vector<std::string> DeviceRunner::WaitIdle(absl::Duration deadline) {
  MutexLock lock(&mu_);
  while (running_ > 0 || !places_.empty()) {
    const absl::Duration left = deadline - Clock::Real().Steady();
    if (left <= absl::ZeroDuration()) break;
    if (left == absl::InfiniteDuration()) {
      changed_.Wait(&mu_);
    } else {
      changed_.WaitFor(&mu_, left);
    }
  }
  std::vector<std::string> left;
  for (const auto& [id, place] : places_) left.push_back(place.name);
  if (left.empty() && running_ > 0) left.emplace_back("a job being taken");
  return left;
}

v1::Device DeviceRunner::Status() const {
  v1::Device device;
  device.set_name(resource_name_);
  device.set_description(device_.description);
  device.set_kind(device_.kind);
  device.set_memory_bytes(device_.memory_bytes);
  device.set_threads(threads_);
  device.set_lanes(options_.room.lanes);
  MutexLock lock(&mu_);
  if (broken_) device.mutable_description()->append(kBroken);
  device.set_memory_used_bytes(BytesTaken(Occupants(), options_.room.lanes));
  std::vector<const Place*> claimed;
  for (const auto& [id, place] : places_) {
    if (place.attempt > 0) claimed.push_back(&place);
  }
  std::sort(claimed.begin(), claimed.end(), [](const auto* a, const auto* b) {
    return a->occupant.order < b->occupant.order;
  });
  for (const Place* place : claimed) device.add_current_jobs(place->name);
  if (!claimed.empty()) device.set_current_job(claimed[0]->name);
  return device;
}

DeviceRunner::Load DeviceRunner::load() const {
  MutexLock lock(&mu_);
  return {.looks = (look_ || looking_) && holds_ == 0 && !draining_ && !broken_,
          .cpu = device_.kind == v1::Device::CPU,
          .per_lane = static_cast<double>(places_.size()) /
                      static_cast<double>(options_.room.lanes)};
}

bool DeviceRunner::IsLookDue() const {
  return look_ && !looking_ && holds_ == 0 && !draining_ && !broken_;
}

void DeviceRunner::Wake() {
  if (closed_) return;
  int work = IsLookDue() ? 1 : 0;
  for (const auto& [id, place] : places_) {
    const bool step = place.stage == Place::Stage::kReady &&
                      (!place.occupant.parked || place.stop.stop_requested());
    const bool commit =
        place.stage == Place::Stage::kWaiting && place.retry_due;
    work += step || commit ? 1 : 0;
  }
  while (queued_ < work && running_ + queued_ < options_.room.lanes) {
    ++queued_;
    lanes_->Execute([this] { Lane(); });
  }
}

void DeviceRunner::Lane() {
  {
    MutexLock lock(&mu_);
    --queued_;
    ++running_;
  }
  Turn turn;
  while (NextTurn(turn)) {
    switch (turn.work) {
      case Turn::Work::kStep:
        Step(turn);
        break;
      case Turn::Work::kCommit:
        Commit(turn);
        break;
      case Turn::Work::kLook:
        LookAtQueue(turn);
        break;
    }
  }
}

bool DeviceRunner::NextTurn(Turn& turn) {
  MutexLock lock(&mu_);
  // A pool that ends starts no lanes: then this one does all that is left.
  const bool yields = std::exchange(turn.job_over, false) && !draining_;
  const bool goes_on = !yields && Choose(turn);
  if (!goes_on) --running_;
  Wake();
  if (!goes_on) changed_.SignalAll();
  return goes_on;
}

bool DeviceRunner::Choose(Turn& turn) {
  std::vector<int64_t> ready;
  for (auto place = places_.begin(); place != places_.end(); ++place) {
    const auto& [id, at] = *place;
    if (at.stage == Place::Stage::kWaiting && at.retry_due) {
      TakePlace(place, Turn::Work::kCommit, turn);
      return true;
    }
    if (at.stage != Place::Stage::kReady) continue;
    if (at.stop.stop_requested()) {
      TakePlace(place, Turn::Work::kStep, turn);
      return true;
    }
    if (!at.occupant.parked) ready.push_back(id);
  }
  const bool stepped = !std::exchange(turn.just_looked, false);
  if (IsLookDue() && (stepped || ready.empty())) {
    look_ = false;
    looking_ = true;
    turn.work = Turn::Work::kLook;
    return true;
  }
  const auto next = turns_.Pick(ready, turn.id, turn.used);
  if (!next.has_value()) return false;
  TakePlace(places_.find(*next), Turn::Work::kStep, turn);
  return true;
}

void DeviceRunner::TakePlace(Places::iterator place, Turn::Work work,
                             Turn& turn) {
  if (turn.id != std::optional<int64_t>(place->first) ||
      turn.used >= Turns::kQuantum)
    turn.used = absl::ZeroDuration();
  turn.id = place->first;
  turn.job = place->second.job.get();
  turn.work = work;
  place->second.stage = Place::Stage::kOnLane;
  place->second.retry_due = false;
  if (work == Turn::Work::kStep) turn.width = TakeWidth();
}

int DeviceRunner::TakeWidth() {
  int runnable = 0;
  for (const auto& [id, place] : places_) {
    const bool counts =
        place.attempt > 0 && !place.occupant.parked && !place.occupant.ended;
    runnable += counts ? 1 : 0;
  }
  const bool counted = device_.kind != v1::Device::CUDA && threads_ > 0;
  const int width = counted ? WidthOf(threads_, width_in_use_, working_,
                                      runnable, options_.room.lanes)
                            : 0;
  width_in_use_ += width;
  ++working_;
  return width;
}

void DeviceRunner::GiveWidth(int width) {
  width_in_use_ -= width;
  --working_;
}

void DeviceRunner::Step(Turn& turn) {
  const absl::Duration start = options_.clock->Steady();
  const bool more = turn.job->Step(turn.width);
  const absl::Duration took = options_.clock->Steady() - start;
  const JobMemory memory = more ? turn.job->memory() : JobMemory();
  if (!more) EndJob(turn);
  Stops stops;
  {
    MutexLock lock(&mu_);
    GiveWidth(turn.width);
    turns_.Charge(*turn.id, took);
    turn.used += took;
    Place& place = places_.at(*turn.id);
    if (more) {
      place.stage = Place::Stage::kReady;
      Measure(memory, place, stops);
    }
  }
  for (std::stop_source& stop : stops) stop.request_stop();
  if (!more) Commit(turn);
}

bool DeviceRunner::broken() const {
  MutexLock lock(&mu_);
  return broken_;
}

void DeviceRunner::Quarantine() {
  Stops stops;
  {
    MutexLock lock(&mu_);
    if (std::exchange(broken_, true)) return;
    for (auto& [id, place] : places_) stops.push_back(place.stop);
  }
  LogError("a device is broken and takes no more jobs",
           {{"device", resource_name_}});
  for (std::stop_source& stop : stops) stop.request_stop();
  if (options_.on_broken) options_.on_broken();
}

void DeviceRunner::EndJob(Turn& turn) {
  turn.job->End(turn.width);
  if (turn.job->BrokeDevice()) Quarantine();
  MutexLock lock(&mu_);
  Occupant& occupant = places_.at(*turn.id).occupant;
  occupant.ended = true;
  turns_.Leave(*turn.id);
}

void DeviceRunner::Commit(Turn& turn) {
  RunningJob& job = *turn.job;
  bool drains = false;
  {
    MutexLock lock(&mu_);
    drains = draining_;
    // The queue is to have rest before the job is in it again.
    if (job.IsPutOff()) ++holds_;
  }
  const RunningJob::Committed committed = job.Commit(/*hurry=*/drains);
  std::unique_ptr<RunningJob> over;  // ends under no lock
  {
    MutexLock lock(&mu_);
    const auto place = places_.find(*turn.id);
    if (job.IsPutOff()) --holds_;
    look_ = true;  // there is memory, and most often a place
    if (committed == RunningJob::Committed::kRetry) {
      RetryLater(place->first, place->second);
    } else {
      over = std::move(place->second.job);
      places_.erase(place);
      if (committed == RunningJob::Committed::kPutOff) {
        Hold();
      } else {
        hold_delay_ = options_.retry_after;
      }
    }
    changed_.SignalAll();
  }
  // It will not look for a while.
  const bool rests = committed == RunningJob::Committed::kPutOff && !drains;
  if (rests && options_.pass_on) options_.pass_on();
  turn.id.reset();
  turn.job_over = true;
}

void DeviceRunner::RetryLater(int64_t id, Place& place) {
  place.stage = Place::Stage::kWaiting;
  const int tries = ++place.tries;
  helper_->ExecuteAfter(place.retry_delay, [this, id, tries] {
    MutexLock lock(&mu_);
    const auto found = places_.find(id);
    if (found == places_.end() || found->second.tries != tries) return;
    found->second.retry_due = found->second.stage == Place::Stage::kWaiting;
    Wake();
  });
  place.retry_delay = std::min(2 * place.retry_delay, kMaxRetry);
}

void DeviceRunner::Hold() {
  ++holds_;
  helper_->ExecuteAfter(hold_delay_, [this] {
    MutexLock lock(&mu_);
    --holds_;
    look_ = true;
    Wake();
  });
  hold_delay_ = std::min(2 * hold_delay_, kMaxRetry);
}

}  // namespace phosphene
