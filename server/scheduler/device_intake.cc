// The way of a job from the queue onto a device.

#include <limits>
#include <utility>

#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/scheduler/device_runner.h"

namespace phosphene {
namespace {

// So long smaller jobs may go before one that finds no memory.
constexpr absl::Duration kMaxPassed = absl::Seconds(30);

}  // namespace

std::vector<Occupant> DeviceRunner::Occupants() const {
  std::vector<Occupant> occupants;
  for (const auto& [id, place] : places_) {
    occupants.push_back(place.occupant);
    occupants.back().leaving =
        place.occupant.leaving || place.stop.stop_requested();
  }
  return occupants;
}

bool DeviceRunner::StandsBack() {
  if (!options_.others_first) return false;
  {
    MutexLock lock(&mu_);
    stood_back_ = true;  // before the question: whoever looks may soon be done
  }
  const bool others_first = options_.others_first();
  MutexLock lock(&mu_);
  stood_back_ = stood_back_ && others_first;
  return others_first;
}

void DeviceRunner::LookAtQueue(Turn& turn) {
  Look look;
  bool empty = false;
  absl::StatusOr<std::optional<ClaimedJob>> claimed = std::nullopt;
  const bool stands_back = StandsBack();
  if (!stands_back) {
    claimed = ClaimNext(
        *options_.store, resource_name_,
        [&](const QueuedJob& job) { return Consider(job, look); },
        [&](const QueuedJob& job) { Expect(job, look); }, &empty);
  }
  turn.just_looked = true;
  if (!claimed.ok()) {
    LogError("cannot take a job", {{"device", resource_name_},
                                   {"error", claimed.status().ToString()}});
  }
  if (claimed.ok() && claimed->has_value()) {
    Turn newcomer;
    Begin(std::move((*claimed)->stored), look, newcomer);
    if (options_.pass_on) options_.pass_on();
    Open(newcomer);
    return;
  }
  {
    MutexLock lock(&mu_);
    DropPlace(look);
    looking_ = false;
    if (!stands_back) passed_ = std::move(look.passed);
    if (!look.waits) GoOn(std::numeric_limits<int>::min());
    if (!claimed.ok()) Hold();
    if (empty) hold_delay_ = options_.retry_after;
    changed_.SignalAll();
  }
  if (options_.pass_on) options_.pass_on();
}

absl::StatusOr<Answer> DeviceRunner::Consider(const QueuedJob& job,
                                              Look& look) {
  bool alone = false;
  {
    MutexLock lock(&mu_);
    DropPlace(look);
    alone = places_.empty();
  }
  look.memory = {};
  if (!alone && options_.room.bytes > 0) {
    ASSIGN_OR_RETURN(const StoredJob stored, options_.store->Get(job.name));
    look.memory = options_.engine->MemoryOf(stored.job.spec());
  }
  const absl::Duration now = options_.clock->Steady();
  Stops stops;
  Answer answer = Answer::kStop;
  {
    MutexLock lock(&mu_);
    if (draining_) return Answer::kStop;
    // A suspect goes behind all others, those that stand by as well.
    GoOn(job.suspect ? std::numeric_limits<int>::min() : job.priority);
    Occupant newcomer;
    newcomer.priority = job.priority;
    newcomer.order = job.order;
    newcomer.suspect = job.suspect;
    newcomer.memory = look.memory;
    answer = Obey(Rule(newcomer, Occupants(), options_.room), stops);
    look.waits = answer == Answer::kStop;
    if (answer == Answer::kPass) {
      const auto before = passed_.find(job.name);
      const absl::Duration since =
          before == passed_.end() ? now : before->second;
      look.passed[job.name] = since;
      if (now - since >= kMaxPassed) answer = Answer::kStop;
    }
  }
  for (std::stop_source& stop : stops) stop.request_stop();
  return answer;
}

Answer DeviceRunner::Obey(const Ruling& ruling, Stops& stops) {
  for (const int64_t id : ruling.park) {
    places_.at(id).occupant.parked = true;
    turns_.Leave(id);
  }
  for (const int64_t id : ruling.hand_back) {
    places_.at(id).occupant.leaving = true;
    stops.push_back(places_.at(id).stop);
  }
  switch (ruling.kind) {
    case Ruling::Kind::kTake:
      return Answer::kTake;
    case Ruling::Kind::kPass:
      return Answer::kPass;
    case Ruling::Kind::kWait:
      return Answer::kStop;
  }
  return Answer::kStop;
}

void DeviceRunner::DropPlace(Look& look) {
  if (look.place.has_value()) places_.erase(*look.place);
  look.place.reset();
}

void DeviceRunner::Expect(const QueuedJob& job, Look& look) {
  MutexLock lock(&mu_);
  look.place = ++last_id_;
  Place& place = places_[*look.place];
  place.name = job.name;
  place.retry_delay = options_.retry_after;
  place.occupant.id = *look.place;
  place.occupant.priority = job.priority;
  place.occupant.order = job.order;
  place.occupant.suspect = job.suspect;
  place.occupant.memory = look.memory;
}

void DeviceRunner::Begin(StoredJob stored, Look& look, Turn& turn) {
  turn.id = look.place;
  const int attempt = stored.job.attempt();
  const int priority = stored.job.priority();
  const JobMemory expected = options_.engine->MemoryOf(stored.job.spec());
  std::stop_source stop(std::nostopstate);
  bool stopped = false;
  {
    MutexLock lock(&mu_);
    Place& place = places_.at(*turn.id);
    place.attempt = attempt;
    place.occupant.priority = priority;
    place.occupant.memory = expected;
    stop = place.stop;
    stopped = draining_ || place.stop_attempt == attempt;
  }
  if (stopped) stop.request_stop();
  auto job = std::make_unique<RunningJob>(
      std::move(stored), stop,
      RunningJob::Options{.store = options_.store,
                          .blobs = options_.blobs,
                          .engine = options_.engine,
                          .hub = options_.hub,
                          .clock = options_.clock,
                          .encoder = helper_.get(),
                          .device = device_.name});
  turn.job = job.get();
  MutexLock lock(&mu_);
  places_.at(*turn.id).job = std::move(job);
  turn.width = TakeWidth();
  // Another lane may ask for the next meanwhile.
  looking_ = false;
  look_ = true;
  passed_ = std::move(look.passed);
  Wake();
}

void DeviceRunner::Open(Turn& turn) {
  const bool opened = turn.job->Open(turn.width);
  const JobMemory memory = turn.job->memory();
  if (!opened) EndJob(turn);
  Stops stops;
  {
    MutexLock lock(&mu_);
    GiveWidth(turn.width);
    Place& place = places_.at(*turn.id);
    if (opened) {
      place.stage = Place::Stage::kReady;
      if (!place.occupant.parked)
        turns_.Join(*turn.id, place.occupant.priority, place.occupant.order);
      Measure(memory, place, stops);
    }
  }
  for (std::stop_source& stop : stops) stop.request_stop();
  if (!opened) Commit(turn);
}

void DeviceRunner::GoOn(int least_priority) {
  while (const auto id =
             NextToGoOn(Occupants(), options_.room, least_priority)) {
    Occupant& occupant = places_.at(*id).occupant;
    occupant.parked = false;
    if (places_.at(*id).stage != Place::Stage::kComing)
      turns_.Join(*id, occupant.priority, occupant.order);
  }
}

void DeviceRunner::Measure(const JobMemory& memory, Place& place,
                           Stops& stops) {
  JobMemory& known = place.occupant.memory;
  if (known.held == memory.held && known.step == memory.step) return;
  known = memory;
  const std::optional<int64_t> leaver = OneTooMany(Occupants(), options_.room);
  if (!leaver.has_value()) return;
  places_.at(*leaver).occupant.leaving = true;
  stops.push_back(places_.at(*leaver).stop);
}

}  // namespace phosphene
