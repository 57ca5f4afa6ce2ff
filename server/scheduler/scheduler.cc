// Runners, one per device, and the listener that steers them.

#include "server/scheduler/scheduler.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/scheduler/device_runner.h"

namespace phosphene {

Scheduler::Scheduler(Options options) : options_(std::move(options)) {
  for (size_t i = 0; i < options_.devices.size(); ++i)
    runners_.push_back(MakeRunner(i));
}

int64_t Scheduler::RoomOf(const EngineDevice& device) const {
  if (device.memory_bytes <= 0) return 0;  // not known
  const int64_t own =
      device.kind == v1::Device::CUDA ? 0 : options_.server_bytes;
  const auto left = static_cast<double>(device.memory_bytes - own);
  return std::max<int64_t>(1, static_cast<int64_t>(left * kShareOfMemory));
}

std::unique_ptr<DeviceRunner> Scheduler::MakeRunner(size_t index) {
  const EngineDevice& device = options_.devices[index];
  const int own = device.kind == v1::Device::CUDA ? kGpuLanes
                  : options_.threads > 0          ? options_.threads
                                                  : device.threads;
  DeviceRunner::Options runner;
  runner.store = options_.store;
  runner.blobs = options_.blobs;
  runner.engine = options_.engine;
  runner.hub = options_.hub;
  runner.clock = options_.clock;
  runner.threads = options_.threads;
  runner.retry_after = options_.retry_after;
  Room& room = runner.room;
  room.jobs =
      options_.jobs_per_device > 0 ? options_.jobs_per_device : kJobsPerDevice;
  room.lanes =
      std::clamp(options_.lanes > 0 ? options_.lanes : own, 1, room.jobs);
  room.bytes = RoomOf(device);
  runner.on_broken = [this] { OnBroken(); };
  if (options_.devices.size() > 1) {
    runner.others_first = [this, index] { return OthersFirst(index); };
    runner.pass_on = [this, index] {
      for (size_t i = 0; i < runners_.size(); ++i) {
        if (i != index) runners_[i]->TakeUp();
      }
    };
  }
  return std::make_unique<DeviceRunner>(
      device, std::move(runner), options_.make_executor(device, room.lanes),
      options_.make_helper(device));
}

void Scheduler::OnBroken() const {
  bool has_gpu = false, works = false, gpu_works = false;
  for (size_t i = 0; i < runners_.size(); ++i) {
    const bool gpu = options_.devices[i].kind == v1::Device::CUDA;
    const bool working = !runners_[i]->broken();
    has_gpu = has_gpu || gpu;
    works = works || working;
    gpu_works = gpu_works || (gpu && working);
  }
  if ((has_gpu ? gpu_works : works) || !options_.on_no_device) return;
  options_.on_no_device();
}

bool Scheduler::OthersFirst(size_t index) const {
  const auto rank = [](const DeviceRunner::Load& load) {
    return std::make_tuple(load.cpu, load.per_lane);
  };
  const auto mine = rank(runners_[index]->load());
  for (size_t i = 0; i < runners_.size(); ++i) {
    if (i == index) continue;
    const DeviceRunner::Load theirs = runners_[i]->load();
    if (theirs.looks && rank(theirs) < mine) return true;
  }
  return false;
}

Scheduler::~Scheduler() {
  for (const auto& runner : runners_) runner->BeginDrain();
  for (const auto& runner : runners_) runner->WaitStill();
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
  for (const auto& runner : runners_) runner->Notify();
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
  for (const auto& runner : runners_) runner->Stop(job.name(), job.attempt());
}

absl::Status Scheduler::Drain(absl::Duration deadline) {
  for (const auto& runner : runners_) runner->BeginDrain();
  const absl::Duration until = Clock::Real().Steady() + deadline;
  std::vector<std::string> left;
  for (const auto& runner : runners_) {
    for (std::string& job : runner->WaitIdle(until))
      left.push_back(std::move(job));
  }
  if (left.empty()) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat("still running: ", absl::StrJoin(left, ", ")));
}

std::vector<v1::Device> Scheduler::Devices() const {
  std::vector<v1::Device> devices;
  for (const auto& runner : runners_) devices.push_back(runner->Status());
  return devices;
}

}  // namespace phosphene
