#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/engine/engine.h"
#include "server/jobs/job_store.h"
#include "server/scheduler/job_run_sink.h"
#include "server/storage/blob_store.h"

namespace phosphene {

// A run that is over, until its outcome is committed.
struct EndedRun {
  std::string name;  // of the job
  int attempt = 0;
  int put_offs = 0;  // of attempts before: their warnings, see PutOffsOf
  absl::StatusOr<RunResult> result = absl::UnknownError("");
  bool stop_requested = false;
  std::optional<JobRunSink::LastFrame> last_frame;
  std::vector<std::string> warnings;  // of the sink
  absl::Duration duration;
};

// What the store is to be told about a run whose job is in `state` (RUNNING,
// PAUSING or CANCELLING), after what it refers to has been stored as blobs:
// artifacts of a run that finished or was cancelled, a checkpoint of one that
// goes on later, the last frame of one that ended.
//
// UNAVAILABLE and RESOURCE_EXHAUSTED: the blob store is away or full; the run
// is to be kept, and this called again. Nobody waits for what a cancelled run
// had made, nor (`hurry`: the server goes away) for a checkpoint: without room
// these become warnings. An artifact larger than any blob fails the job.
//
// A run that ended UNAVAILABLE (no descriptor was left to open its network, a
// disk was away) is put off: it goes on from its last checkpoint, at the most
// kMaxPutOff times. Attempts that ended for other jobs' sake do not count.
inline constexpr int kMaxPutOff = 10;
absl::StatusOr<RunOutcome> StoreOutcome(const EndedRun& run,
                                        v1::Job::State state, BlobStore& blobs,
                                        bool hurry = false);
// Whether the run is put off.
bool IsPutOff(const EndedRun& run);
// How often a job was put off so far.
int PutOffsOf(const v1::Job& job);

}  // namespace phosphene
