#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "phosphene/v1/system_service.pb.h"
#include "server/base/clock.h"
#include "server/base/executor.h"
#include "server/engine/engine.h"
#include "server/jobs/job_store.h"
#include "server/storage/blob_store.h"
#include "server/stream/frame_hub.h"

namespace phosphene {

class DeviceRunner;

// Runs queued jobs on devices: a runner a device, which takes the job that
// policy.h puts first whenever there is room, and steps several side by side.
// Of several devices the one with the fewest jobs a lane takes the next; a CPU
// beside GPUs takes what finds no room on those.
//
// It is steered through the JobStore alone, whose listener it is: Create and
// Resume make devices look at the queue between two steps, Cancel, Pause and a
// forced Delete stop the run within two steps. Callers need not tell it
// anything. Every state change is passed on to the hub.
//
// Example:
//   Scheduler scheduler({.store = store.get(), .blobs = blobs.get(),
//                        .engine = engine.get(), .hub = &hub,
//                        .devices = engine->Devices()});
//   RETURN_IF_ERROR(scheduler.Start());
//   ...
//   scheduler.Drain(absl::Seconds(30));
// Thread-safe.
class Scheduler {
 public:
  struct Options {
    // Borrowed; must outlive the scheduler.
    JobStore* store = nullptr;
    BlobStore* blobs = nullptr;
    Engine* engine = nullptr;
    FrameHub* hub = nullptr;
    const Clock* clock = &Clock::Real();
    // The devices to use, of Engine::Devices().
    std::vector<EngineDevice> devices;
    // Compute threads of the CPU, for all its lanes; 0: the device's own.
    int threads = 0;
    // Steps side by side on a device; 0: one for each of a CPU's threads,
    // kGpuLanes on a GPU.
    int lanes = 0;
    // Jobs on a device at once, as its memory allows; 0: kJobsPerDevice.
    int jobs_per_device = 0;
    // Memory of a CPU that is not for jobs: libraries, networks and caches.
    // 430 MB were resident beside what 20 jobs of 1024 x 1024 took.
    int64_t server_bytes = int64_t{450} << 20;
    // Wait before a write that failed because the store was full or away is
    // tried again; doubles up to 30 s.
    absl::Duration retry_after = absl::Seconds(1);
    // Servers a job may lose between two checkpoints before it is FAILED: it
    // probably kills them. From the second on it waits behind all others, and
    // runs alone: jobs that died beside it are not taken for it.
    int max_crashes = 3;
    // No device is left that computes as this server should: all GPUs are
    // broken, where there are some, else all devices. What could not go on
    // waits in the queue; only a new process can mend that. Called by a lane.
    std::function<void()> on_no_device;
    // Makes the threads of a device's lanes; tests pass a ManualExecutor.
    std::function<std::unique_ptr<Executor>(const EngineDevice&, int lanes)>
        make_executor = [](const EngineDevice&, int lanes) {
          return MakeThreadPool(lanes);
        };
    // Makes the thread beside them that encodes frames and rings alarms.
    std::function<std::unique_ptr<Executor>(const EngineDevice&)> make_helper =
        [](const EngineDevice&) { return MakeThreadPool(1); };
  };
  // Each step of a GPU leaves most of it idle; more than 8 of them gain little
  // where one queue of the driver feeds them.
  static constexpr int kGpuLanes = 8;
  static constexpr int kJobsPerDevice = 64;
  // What jobs may hold and their steps take of a device's memory: this share,
  // after a CPU has given `server_bytes` to the server itself. The rest is for
  // networks and for what an allocator keeps.
  static constexpr double kShareOfMemory = 0.85;

  explicit Scheduler(Options options);
  // Drains first; waits for runs to stop, however long that takes, and gives
  // up what cannot be committed.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Takes back the jobs of a server that died, becomes the store's listener
  // and starts to run jobs. Call once.
  absl::Status Start();

  // Looks at the queue now. The listener does that by itself.
  void Notify();

  // Stops taking jobs; running ones are checkpointed and go back to QUEUED (or
  // to PAUSED or CANCELLED, where that was asked for). Waits at most
  // `deadline`; DEADLINE_EXCEEDED names the jobs that still run: the next
  // start takes them back from their last checkpoint. Idempotent.
  absl::Status Drain(absl::Duration deadline);

  // For ListDevices; in the order of Options.devices.
  std::vector<v1::Device> Devices() const;

 private:
  void OnStateChange(const StoredJob& stored);
  std::unique_ptr<DeviceRunner> MakeRunner(size_t index);
  // Bytes that jobs may take on a device; 0: without bound, as its memory is
  // not known.
  int64_t RoomOf(const EngineDevice& device) const;
  // Whether another device that looks at the queue is to have the next job.
  bool OthersFirst(size_t index) const;
  // Tells on_no_device if so.
  void OnBroken() const;

  const Options options_;
  bool started_ = false;  // set by Start alone
  std::vector<std::unique_ptr<DeviceRunner>> runners_;
};

}  // namespace phosphene
