#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "phosphene/v1/system_service.pb.h"
#include "server/base/clock.h"
#include "server/base/executor.h"
#include "server/base/mutex.h"
#include "server/engine/engine.h"
#include "server/jobs/job_store.h"
#include "server/scheduler/admission.h"
#include "server/scheduler/queue.h"
#include "server/scheduler/running_job.h"
#include "server/scheduler/turns.h"
#include "server/storage/blob_store.h"
#include "server/stream/frame_hub.h"

namespace phosphene {

// Runs the jobs of one device, several at a time: each holds a place from its
// claim to its commit, and they take turns on the device's lanes.
//
// A lane is a loop on a thread of its own. Between two steps it asks what is
// to be done next: end what was stopped and commit what waits; look at the
// queue, if somebody said that a job may wait or a place came free; else the
// next step, of the job turns.h picks among those that no other lane is at. It
// ends when nothing is left to do, and after the end of each job, so that
// devices whose lanes share threads take turns.
//
// Who may come in and who makes room is admission.h's; what a job does in its
// place is running_job.h's. An outcome that cannot be committed (the store is
// full or away) keeps its place, without a lane, and is tried again.
//
// After an error that breaks the device (IsDeviceBroken) it takes no more jobs;
// those it has are put off and go on elsewhere, or after a restart.
//
// Thread-safe. No call of the store or the engine is made under its lock.
class DeviceRunner {
 public:
  struct Options {
    // Borrowed; must outlive the runner.
    JobStore* store = nullptr;
    BlobStore* blobs = nullptr;
    Engine* engine = nullptr;
    FrameHub* hub = nullptr;
    const Clock* clock = nullptr;
    int threads = 0;             // for all its lanes (CPU); 0: the device's
    Room room;                   // places, lanes, memory
    absl::Duration retry_after;  // until a failed write is tried again
    // Whether another device is to have the next job; `pass_on` tells those
    // that stood back for this one that it has looked at the queue.
    std::function<bool()> others_first;
    std::function<void()> pass_on;
    // The device answers nothing any more. Called once, by a lane.
    std::function<void()> on_broken;
  };
  // `lanes` has room.lanes threads; `helper` one, for frames and alarms.
  DeviceRunner(EngineDevice device, Options options,
               std::unique_ptr<Executor> lanes,
               std::unique_ptr<Executor> helper);
  // REQUIRES: BeginDrain was called. Waits for its lanes, gives up what is
  // left to commit.
  ~DeviceRunner();

  // A job may wait.
  void Notify();
  // The devices it stood back for have looked at the queue.
  void TakeUp();
  // Stops this attempt of the job, if it runs here; if its end waits for room,
  // that is looked at again now.
  void Stop(absl::string_view job, int attempt);
  // Takes no more jobs and stops those that run.
  void BeginDrain();
  // Waits until nothing runs and nothing is left to commit, or the machine's
  // steady clock says `deadline`: then the names of the jobs that still have.
  std::vector<std::string> WaitIdle(absl::Duration deadline);
  // Waits until no lane works; something may be left to commit.
  void WaitStill();

  v1::Device Status() const;
  bool broken() const;

  // How much it has to do, to compare devices: CPUs come after GPUs, then who
  // has less for each lane comes first.
  struct Load {
    bool looks = false;  // at the queue, now or soon
    bool cpu = false;
    double per_lane = 0;
  };
  Load load() const;

 private:
  // A job's place.
  struct Place {
    enum class Stage {
      kComing,   // a lane claims or opens it
      kReady,    // for a turn, or parked
      kOnLane,   // a lane steps, ends or commits it
      kWaiting,  // for the store: its commit failed
    };
    std::string name;
    int attempt = 0;       // 0: not claimed yet
    int stop_attempt = 0;  // the newest one Stop was called for
    std::stop_source stop;
    Stage stage = Stage::kComing;
    Occupant occupant;  // what admission knows of it
    std::unique_ptr<RunningJob> job;
    bool retry_due = false;      // kWaiting: to be tried now
    int tries = 0;               // failed commits
    absl::Duration retry_delay;  // until the next
  };
  // What a lane does next, and what it did last.
  struct Turn {
    enum class Work { kStep, kCommit, kLook };
    Work work = Work::kStep;
    std::optional<int64_t> id;  // of the place it works at
    RunningJob* job = nullptr;  // of that place
    int width = 0;              // threads
    absl::Duration used;        // at this place, at a stretch
    bool just_looked = false;   // now is time for a step
    bool job_over = false;
  };
  // A look at the queue, between its questions.
  struct Look {
    std::optional<int64_t> place;  // made for the job about to be claimed
    JobMemory memory;              // of the job asked about
    bool waits = false;            // for room that is being made for that job
    std::map<std::string, absl::Duration> passed;
  };
  using Places = std::map<int64_t, Place>;
  using Stops = std::vector<std::stop_source>;

  // --- device_runner.cc: lanes ---
  void Lane();
  // Decides what the lane does next; false: it ends.
  bool NextTurn(Turn& turn);
  bool Choose(Turn& turn) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TakePlace(Places::iterator place, Turn::Work work, Turn& turn)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Starts lanes for what nobody does yet.
  void Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool IsLookDue() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Threads for work at a place, until GiveWidth.
  int TakeWidth() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void GiveWidth(int width) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Step(Turn& turn);
  void EndJob(Turn& turn);
  // Sends everybody away from a device that is broken.
  void Quarantine();
  void Commit(Turn& turn);
  // Tries a commit again after a while.
  void RetryLater(int64_t id, Place& place) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // --- device_intake.cc: the queue ---
  // Whether another device is to look first.
  bool StandsBack();
  // Takes a job, if there is one and room for it.
  void LookAtQueue(Turn& turn);
  absl::StatusOr<Answer> Consider(const QueuedJob& job, Look& look);
  Answer Obey(const Ruling& ruling, Stops& stops)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Makes a place for a job, before it is claimed.
  void Expect(const QueuedJob& job, Look& look);
  // Forgets the place of a job that another worker has claimed.
  void DropPlace(Look& look) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // It was claimed: from here on it can be stopped.
  void Begin(StoredJob stored, Look& look, Turn& turn);
  void Open(Turn& turn);
  // Lets those go on that stand by, as far as there is room.
  void GoOn(int least_priority) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Takes note of what a job takes; one is handed back when that is too much.
  void Measure(const JobMemory& memory, Place& place, Stops& stops)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::vector<Occupant> Occupants() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // No job is taken for a while.
  void Hold() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const EngineDevice device_;
  const std::string resource_name_;  // `devices/cpu-0`
  const Options options_;
  const int threads_;

  mutable Mutex mu_;
  CondVar changed_;
  Places places_ ABSL_GUARDED_BY(mu_);
  int64_t last_id_ ABSL_GUARDED_BY(mu_) = 0;
  Turns turns_ ABSL_GUARDED_BY(mu_);
  int width_in_use_ ABSL_GUARDED_BY(mu_) = 0;
  int working_ ABSL_GUARDED_BY(mu_) = 0;       // lanes at a place, with a width
  int running_ ABSL_GUARDED_BY(mu_) = 0;       // lanes
  int queued_ ABSL_GUARDED_BY(mu_) = 0;        // lanes that have not begun
  bool look_ ABSL_GUARDED_BY(mu_) = false;     // a job may wait
  bool looking_ ABSL_GUARDED_BY(mu_) = false;  // a lane is at the queue
  bool stood_back_ ABSL_GUARDED_BY(mu_) = false;  // for another device
  int holds_ ABSL_GUARDED_BY(mu_) = 0;  // reasons to take no job for now
  absl::Duration hold_delay_ ABSL_GUARDED_BY(mu_);  // of the next one
  // Jobs that found no memory, and since when.
  std::map<std::string, absl::Duration> passed_ ABSL_GUARDED_BY(mu_);
  bool broken_ ABSL_GUARDED_BY(mu_) = false;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;

  std::unique_ptr<Executor> helper_;
  std::unique_ptr<Executor> lanes_;  // its threads end first
};

}  // namespace phosphene
