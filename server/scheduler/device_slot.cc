// The turns of a device: claim, run, commit, again.

#include "server/scheduler/device_slot.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/scheduler/job_run_sink.h"
#include "server/scheduler/queue.h"

namespace phosphene {
namespace {

// A store may be away for hours; each try is a line in the log.
constexpr absl::Duration kMaxRetry = absl::Seconds(30);

// The job belongs to somebody else, or is gone.
bool IsFenced(const absl::Status& status) {
  return absl::IsAborted(status) || absl::IsNotFound(status);
}

}  // namespace

DeviceSlot::DeviceSlot(EngineDevice device, Options options,
                       std::unique_ptr<Executor> executor)
    : device_(std::move(device)),
      resource_name_(absl::StrCat(
          "devices/", absl::StrReplaceAll(device_.name, {{":", "-"}}))),
      options_(std::move(options)),
      retry_delay_(options_.retry_after),
      executor_(std::move(executor)) {}

void DeviceSlot::Notify() {
  MutexLock lock(&mu_);
  wanted_ = true;
  if (!draining_) Schedule();
}

void DeviceSlot::Schedule() {
  if (std::exchange(scheduled_, true)) return;
  executor_->Execute([this] { Pump(); });
}

void DeviceSlot::Stop(absl::string_view job, int attempt) {
  std::stop_source stop(std::nostopstate);
  {
    MutexLock lock(&mu_);
    if (!current_.has_value() || current_->job != job) return;
    current_->stop_attempt = std::max(current_->stop_attempt, attempt);
    if (current_->attempt == attempt) stop = current_->stop;
    if (std::exchange(waiting_, false)) {
      executor_->Execute([this] { Pump(); });
    }
  }
  stop.request_stop();  // runs the engine's stop callbacks
}

void DeviceSlot::BeginDrain() {
  std::stop_source stop(std::nostopstate);
  {
    MutexLock lock(&mu_);
    draining_ = true;
    if (current_.has_value()) stop = current_->stop;
    // What waits to be committed is tried once more now.
    executor_->Execute([this] { Pump(); });
  }
  stop.request_stop();
}

void DeviceSlot::WaitStill() {
  MutexLock lock(&mu_);
  while (busy_) changed_.Wait(&mu_);
}

std::string DeviceSlot::WaitIdle(absl::Duration deadline) {
  MutexLock lock(&mu_);
  while (busy_ || current_.has_value()) {
    const absl::Duration left = deadline - Clock::Real().Steady();
    if (left <= absl::ZeroDuration()) {
      return current_.has_value() ? current_->job : "a job being taken";
    }
    if (left == absl::InfiniteDuration()) {
      changed_.Wait(&mu_);
    } else {
      changed_.WaitFor(&mu_, left);
    }
  }
  return "";
}

v1::Device DeviceSlot::Status() const {
  v1::Device device;
  device.set_name(resource_name_);
  device.set_description(device_.description);
  device.set_kind(device_.kind);
  device.set_memory_bytes(device_.memory_bytes);
  device.set_threads(options_.threads > 0 ? options_.threads : device_.threads);
  MutexLock lock(&mu_);
  if (current_.has_value() && current_->attempt > 0) {
    device.set_current_job(current_->job);
  }
  return device;
}

void DeviceSlot::PumpLater() {
  executor_->ExecuteAfter(retry_delay_, [this, pumps = pumps_] {
    {
      MutexLock lock(&mu_);
      if (pumps_ != pumps) return;
    }
    Pump();
  });
  retry_delay_ = std::min(2 * retry_delay_, kMaxRetry);
}

void DeviceSlot::Pump() {
  {
    MutexLock lock(&mu_);
    wanted_ = false;
    busy_ = true;
    waiting_ = false;
    ++pumps_;
  }
  const Turn turn = TakeTurn();
  MutexLock lock(&mu_);
  busy_ = false;
  if (turn == Turn::kRetry || turn == Turn::kPutOff) {
    scheduled_ = true;
    waiting_ = turn == Turn::kRetry;
    if (turn == Turn::kPutOff) current_.reset();
    PumpLater();
  } else {
    retry_delay_ = options_.retry_after;
    current_.reset();
    scheduled_ = false;
    if (!draining_ && (turn == Turn::kRan || wanted_)) Schedule();
  }
  changed_.SignalAll();
}

DeviceSlot::Turn DeviceSlot::TakeTurn() {
  if (unfinished_.has_value()) {
    const Turn turn = Conclude(*unfinished_);
    if (turn != Turn::kRetry) unfinished_.reset();
    return turn;
  }
  {
    MutexLock lock(&mu_);
    if (draining_) return Turn::kIdle;
  }
  const auto claimed =
      ClaimNext(*options_.store, resource_name_,
                [this](const std::string& name) { Expect(name); });
  if (!claimed.ok()) {
    LogError("cannot take a job", {{"device", resource_name_},
                                   {"error", claimed.status().ToString()}});
    MutexLock lock(&mu_);
    current_.reset();
    return draining_ ? Turn::kIdle : Turn::kRetry;
  }
  if (!claimed->has_value()) return Turn::kIdle;
  EndedRun run = Run(**claimed, Begin(**claimed));
  const Turn turn = Conclude(run);
  if (turn == Turn::kRetry) unfinished_ = std::move(run);
  return turn;
}

void DeviceSlot::Expect(const std::string& job) {
  MutexLock lock(&mu_);
  current_.emplace(job);
}

std::stop_source DeviceSlot::Begin(const StoredJob& job) {
  MutexLock lock(&mu_);
  current_->attempt = job.job.attempt();
  if (draining_ || current_->stop_attempt == job.job.attempt()) {
    current_->stop.request_stop();
  }
  return current_->stop;
}

EndedRun DeviceSlot::Run(const StoredJob& job, const std::stop_source& stop) {
  const absl::Duration start = options_.clock->Steady();
  EndedRun run;
  run.name = job.job.name();
  run.attempt = job.job.attempt();
  RunRequest request;
  request.spec = job.job.spec();
  request.device = device_.name;
  request.threads = options_.threads;
  if (!job.job.checkpoint().empty()) {
    // A run is a function of its spec: without the checkpoint it only takes
    // longer.
    auto checkpoint = options_.blobs->Get(job.job.checkpoint());
    if (checkpoint.ok()) {
      request.checkpoint = *std::move(checkpoint);
    } else if (absl::IsUnavailable(checkpoint.status())) {
      run.result = checkpoint.status();
      return run;
    } else {
      run.warnings.push_back(absl::StrCat(
          "started anew, the checkpoint of step ", job.job.checkpoint_step(),
          " is lost: ", checkpoint.status().message()));
    }
  }
  JobRunSink sink(
      job, {.store = options_.store,
            .blobs = options_.blobs,
            .hub = options_.hub,
            .stop = [source = stop]() mutable { source.request_stop(); }});
  run.result = options_.engine->Run(request, sink, stop.get_token());
  run.stop_requested = stop.stop_requested();
  run.last_frame = sink.last_frame();
  run.warnings.insert(run.warnings.end(), sink.warnings().begin(),
                      sink.warnings().end());
  run.duration = options_.clock->Steady() - start;
  return run;
}

absl::StatusOr<RunOutcome> DeviceSlot::Decide(const EndedRun& run,
                                              v1::Job::State* seen) {
  ASSIGN_OR_RETURN(const StoredJob stored, options_.store->Get(run.name));
  *seen = stored.job.state();
  // Finish would refuse it; but then its blobs would be stored already.
  if (stored.job.attempt() != run.attempt || !HasWorker(*seen)) {
    return absl::AbortedError(
        absl::StrCat("attempt ", run.attempt, " is over"));
  }
  bool hurry = false;
  {
    MutexLock lock(&mu_);
    hurry = draining_;
  }
  return StoreOutcome(run, *seen, *options_.blobs, hurry);
}

DeviceSlot::Turn DeviceSlot::Conclude(const EndedRun& run) {
  // A job may be cancelled or paused between the look and the commit; then
  // the commit is refused and the outcome decided anew.
  constexpr int kMaxLooks = 10;
  absl::Status status = absl::FailedPreconditionError("");
  for (int i = 0; i < kMaxLooks && absl::IsFailedPrecondition(status); ++i) {
    v1::Job::State seen = v1::Job::RUNNING;
    const absl::StatusOr<RunOutcome> outcome = Decide(run, &seen);
    status = outcome.ok()
                 ? options_.store->Finish(run.name, run.attempt, seen, *outcome)
                       .status()
                 : outcome.status();
  }
  if (status.ok()) return IsPutOff(run) ? Turn::kPutOff : Turn::kRan;
  const bool fenced = IsFenced(status);
  LogWarn(fenced ? "a run was fenced" : "the end of a run waits for the store",
          {{"job", run.name},
           {"attempt", absl::StrCat(run.attempt)},
           {"error", std::string(status.message())}});
  return fenced ? Turn::kRan : Turn::kRetry;
}

}  // namespace phosphene
