// Slots, one per device, and the listener that steers them.

#include "server/scheduler/scheduler.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/scheduler/device_slot.h"

namespace phosphene {

Scheduler::Scheduler(Options options) : options_(std::move(options)) {
  for (const EngineDevice& device : options_.devices) {
    DeviceSlot::Options slot;
    slot.store = options_.store;
    slot.blobs = options_.blobs;
    slot.engine = options_.engine;
    slot.hub = options_.hub;
    slot.clock = options_.clock;
    slot.threads = options_.threads;
    slot.retry_after = options_.retry_after;
    slots_.push_back(std::make_unique<DeviceSlot>(
        device, std::move(slot), options_.make_executor(device)));
  }
}

Scheduler::~Scheduler() {
  for (const auto& slot : slots_) slot->BeginDrain();
  for (const auto& slot : slots_) slot->WaitStill();
  if (started_) options_.store->SetListener(nullptr);
}

absl::Status Scheduler::Start() {
  ASSIGN_OR_RETURN(const std::vector<Orphan> orphans,
                   options_.store->RecoverOrphans(options_.max_crashes));
  for (const Orphan& orphan : orphans) {
    LogWarn("the last server died while it ran a job",
            {{"job", orphan.name},
             {"state", v1::Job::State_Name(orphan.state)},
             {"deaths", absl::StrCat(orphan.crashes)}});
  }
  options_.store->SetListener(
      [this](const StoredJob& stored) { OnStateChange(stored); });
  started_ = true;
  Notify();
  return absl::OkStatus();
}

void Scheduler::Notify() {
  for (const auto& slot : slots_) slot->Notify();
}

void Scheduler::OnStateChange(const StoredJob& stored) {
  const v1::Job& job = stored.job;
  LogInfo("state changed", {{"job", job.name()},
                            {"state", v1::Job::State_Name(job.state())},
                            {"attempt", absl::StrCat(job.attempt())}});
  options_.hub->PublishState(StateEvent(stored));
  if (job.state() == v1::Job::QUEUED) Notify();
  const bool stops = job.state() == v1::Job::PAUSING ||
                     job.state() == v1::Job::CANCELLING ||
                     HasEnded(job.state());
  if (!stops) return;
  for (const auto& slot : slots_) slot->Stop(job.name(), job.attempt());
}

absl::Status Scheduler::Drain(absl::Duration deadline) {
  for (const auto& slot : slots_) slot->BeginDrain();
  const absl::Duration until = Clock::Real().Steady() + deadline;
  std::vector<std::string> left;
  for (const auto& slot : slots_) {
    const std::string job = slot->WaitIdle(until);
    if (!job.empty()) left.push_back(job);
  }
  if (left.empty()) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat("still running: ", absl::StrJoin(left, ", ")));
}

std::vector<v1::Device> Scheduler::Devices() const {
  std::vector<v1::Device> devices;
  for (const auto& slot : slots_) devices.push_back(slot->Status());
  return devices;
}

}  // namespace phosphene
