#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "phosphene/v1/job.pb.h"
#include "phosphene/v1/job_service.pb.h"
#include "server/jobs/filter.h"

namespace phosphene {

// Sequences of events. A job's k-th state change (creation is the first) has
// the sequence k * kSequencesPerChange; what lies between two changes belongs
// to the frames and progress reported in that state. So a sequence never
// repeats or goes back, over restarts and servers, without a write per frame:
// a server that died while RUNNING reported under change k, and the change
// that requeues the job is k+1. 2^32 events in one state are years.
inline constexpr int64_t kSequencesPerChange = int64_t{1} << 32;

// A job as stored, spec included.
struct StoredJob {
  v1::Job job;
  // Sequence of the last state change.
  int64_t sequence = 0;
  // PauseJob was asked for; the run stops at its next step.
  bool pause_requested = false;
};

// The event of `stored`'s last state change; the spec is left out.
v1::JobEvent StateEvent(const StoredJob& stored);

// SUCCEEDED, FAILED or CANCELLED.
bool HasEnded(v1::Job::State state);

struct NewJob {
  // name ("" : the store makes one), spec, labels, priority, total_steps and
  // traceparent are taken.
  v1::Job job;
  // Idempotency key, "" for none.
  std::string request_id;
};

struct CreatedJob {
  StoredJob stored;
  bool existed = false;  // made before by the same request_id
};

struct JobQuery {
  JobFilter filter;
  int page_size = 50;  // 1..1000
  std::string page_token;
  // A page ends early when its jobs exceed this (gRPC messages end at 4 MiB).
  int64_t max_bytes = int64_t{2} << 20;
};

struct JobPage {
  std::vector<v1::Job> jobs;  // newest first
  std::string next_page_token;
  int64_t total_size = 0;
};

// What may change after creation; unset: left as it is.
struct JobChanges {
  std::optional<std::map<std::string, std::string>> labels;
  std::optional<int> priority;
  std::string etag;  // compared when not empty
};

// A job that waits, as the scheduling policy sees it.
struct QueuedJob {
  std::string name;
  int priority = 0;
  absl::Time create_time;
};

// A frame kept for ListFrames, or the last one of a job.
struct KeptFrame {
  v1::Frame info;  // image left out; name is `jobs/{job}/frames/{step}`
  std::string blob;
  int64_t sequence = 0;  // of the event that carried it
};

struct FramePage {
  std::vector<KeptFrame> frames;  // oldest first
  std::string next_page_token;
};

struct CheckpointUpdate {
  std::string blob;
  int64_t step = 0;
};

// How a run ended.
struct RunOutcome {
  enum class Kind {
    kSucceeded,
    kFailed,
    // By the stop token: RUNNING goes to PAUSED when a pause was asked for,
    // else back to QUEUED; CANCELLING to CANCELLED.
    kStopped,
  };
  Kind kind = Kind::kSucceeded;
  absl::Status error;  // of kFailed
  int64_t step = 0;
  double objective_value = 0;
  std::vector<v1::Artifact> artifacts;         // blobs already stored
  std::optional<CheckpointUpdate> checkpoint;  // of kStopped
  std::vector<std::string> warnings;
  std::optional<KeptFrame> last_frame;
  absl::Duration run_duration;  // of this attempt; added up
};

// Where a watch of a job begins.
struct WatchStart {
  // State changes after the sequence asked for, oldest first; with
  // after_sequence 0 only the present state. The last one is the job as it is
  // now.
  std::vector<v1::JobEvent> events;
  // The job has ended (and its end may be among `events`).
  bool ended = false;
  // Of an ended job, when there is one.
  std::optional<KeptFrame> last_frame;
};

struct JobCounts {
  std::map<v1::Job::State, int64_t> by_state;
  std::optional<absl::Time> oldest_queued;  // create time
};

// The truth about jobs. Every call is one durable transaction: when it
// returns OK the change survives a crash, when it fails nothing changed.
// States move only along state_machine.h. Thread-safe.
//
// A worker's writes carry the attempt it was given by Claim, and are fenced:
// ABORTED when the job is on another attempt or no longer with a worker. A
// fenced worker stops; nothing it did counts.
//
// Errors common to all calls: NOT_FOUND (naming the job), RESOURCE_EXHAUSTED
// when the disk is full, UNAVAILABLE when the store cannot be reached,
// DATA_LOSS when it is damaged. Names are `jobs/{job}`.
//
// The contract is tests/jobs/job_store_suite.h, run by every backend.
class JobStore {
 public:
  // Called after every committed change of a state or of pause_requested: in
  // commit order, never concurrently, under no lock, on the thread of some
  // caller of the store (which need not be the one whose change it is).
  using Listener = std::function<void(const StoredJob&)>;

  virtual ~JobStore() = default;
  // Replaces the listener; nullptr for none. Changes before are not told.
  // Waits for a call in progress, so must not be called from a listener.
  virtual void SetListener(Listener listener) = 0;

  // --- Clients ---

  // Stores a QUEUED job. ALREADY_EXISTS: the name is taken, or request_id was
  // used with another spec (compared by fingerprint.h). RESOURCE_EXHAUSTED:
  // too many jobs wait.
  virtual absl::StatusOr<CreatedJob> Create(const NewJob& request) = 0;
  virtual absl::StatusOr<StoredJob> Get(absl::string_view name) = 0;
  // INVALID_ARGUMENT: a token of another filter, or none of ours.
  virtual absl::StatusOr<JobPage> List(const JobQuery& query) = 0;
  // ABORTED: etag does not match.
  virtual absl::StatusOr<StoredJob> Update(absl::string_view name,
                                           const JobChanges& changes) = 0;
  // QUEUED and PAUSED end as CANCELLED, RUNNING becomes CANCELLING; no change
  // when CANCELLING or CANCELLED. FAILED_PRECONDITION: ended otherwise.
  virtual absl::StatusOr<StoredJob> Cancel(absl::string_view name) = 0;
  // QUEUED becomes PAUSED, RUNNING gets pause_requested; no change when
  // PAUSED. FAILED_PRECONDITION: CANCELLING or ended.
  virtual absl::StatusOr<StoredJob> Pause(absl::string_view name) = 0;
  // PAUSED becomes QUEUED; FAILED_PRECONDITION in any other state.
  virtual absl::StatusOr<StoredJob> Resume(absl::string_view name) = 0;
  // Removes job, frames and events. ABORTED: `etag`, when not empty, does not
  // match. FAILED_PRECONDITION: not ended, unless `force`; then the job is
  // CANCELLED first, which the listener is told.
  virtual absl::Status Delete(absl::string_view name, absl::string_view etag,
                              bool force) = 0;
  // Kept frames by step. page_size 1..1000.
  virtual absl::StatusOr<FramePage> ListFrames(
      absl::string_view name, int page_size, absl::string_view page_token) = 0;
  // NOT_FOUND names the frame.
  virtual absl::StatusOr<KeptFrame> GetFrame(absl::string_view name,
                                             int64_t step) = 0;
  virtual absl::StatusOr<WatchStart> StartWatch(absl::string_view name,
                                                int64_t after_sequence) = 0;
  virtual absl::StatusOr<JobCounts> Count() = 0;

  // --- Workers ---

  // Jobs that wait, highest priority first, then oldest; at most `limit`.
  virtual absl::StatusOr<std::vector<QueuedJob>> ListQueued(int limit) = 0;
  // QUEUED becomes RUNNING on `device` under the next attempt number, which
  // the result's job.attempt tells. ABORTED: no longer QUEUED.
  virtual absl::StatusOr<StoredJob> Claim(absl::string_view name,
                                          absl::string_view device) = 0;
  // Fenced. Replaces the checkpoint a later attempt starts from.
  virtual absl::Status SaveCheckpoint(absl::string_view name, int attempt,
                                      const CheckpointUpdate& checkpoint) = 0;
  // Fenced. Keeping a step again replaces its frame.
  virtual absl::Status KeepFrame(absl::string_view name, int attempt,
                                 const KeptFrame& frame) = 0;
  // Fenced. Ends the attempt; `seen` is the state the worker saw (RUNNING or
  // CANCELLING). FAILED_PRECONDITION: the attempt is current, but its state is
  // another by now; look again and decide anew.
  virtual absl::StatusOr<StoredJob> Finish(absl::string_view name, int attempt,
                                           v1::Job::State seen,
                                           const RunOutcome& outcome) = 0;
  // Takes back the jobs of workers that died: RUNNING becomes QUEUED (PAUSED
  // when that was asked for) with its last checkpoint, CANCELLING becomes
  // CANCELLED. A job that lost `max_crashes` workers since its last checkpoint
  // becomes FAILED. To be called when no worker runs. Returns how many.
  virtual absl::StatusOr<int> RecoverOrphans(int max_crashes) = 0;

  // --- Blobs ---

  // Blobs no job refers to any more, dropped before `before`; at most `limit`.
  // They stay listed until Forget.
  virtual absl::StatusOr<std::vector<std::string>> ListGarbage(
      absl::Time before, int limit) = 0;
  virtual absl::Status ForgetGarbage(const std::vector<std::string>& blobs) = 0;
  // Those of `blobs` that a job refers to: in its spec, or as artifact, frame
  // or checkpoint.
  virtual absl::StatusOr<std::vector<std::string>> UsedBlobs(
      const std::vector<std::string>& blobs) = 0;
};

}  // namespace phosphene
