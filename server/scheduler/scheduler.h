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

class DeviceSlot;

// Runs queued jobs on devices: a slot (one thread) a device, each of which
// takes the job that policy.h puts first whenever it is free.
//
// It is steered through the JobStore alone, whose listener it is: Create and
// Resume wake a free slot, Cancel, Pause and a forced Delete stop the run
// within two steps. Callers need not tell it anything. Every state change is
// passed on to the hub.
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
    // Compute threads of a run (CPU); 0: the engine's default.
    int threads = 0;
    // Wait before a write that failed because the store was full or away is
    // tried again; doubles up to 30 s.
    absl::Duration retry_after = absl::Seconds(1);
    // Servers a job may lose between two checkpoints before it is FAILED: it
    // probably kills them. From the second on it waits behind all others.
    int max_crashes = 3;
    // Makes the thread of a slot; tests pass a ManualExecutor.
    std::function<std::unique_ptr<Executor>(const EngineDevice&)>
        make_executor = [](const EngineDevice&) { return MakeThreadPool(1); };
  };
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

  const Options options_;
  bool started_ = false;  // set by Start alone
  std::vector<std::unique_ptr<DeviceSlot>> slots_;
};

}  // namespace phosphene
