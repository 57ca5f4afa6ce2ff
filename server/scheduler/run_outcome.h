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
  absl::StatusOr<RunResult> result = absl::UnknownError("");
  bool stop_requested = false;
  std::optional<JobRunSink::LastFrame> last_frame;
  std::vector<std::string> warnings;  // of the sink
  absl::Duration duration;
};

// What the store is to be told about a run whose job is in `state` (RUNNING or
// CANCELLING), after what it refers to has been stored as blobs: artifacts of
// a run that finished or was cancelled, a checkpoint of one that goes on
// later, the last frame of one that ended. A full disk makes a finished run a
// failed one, and is a warning else. UNAVAILABLE: the blob store is away; try
// again.
absl::StatusOr<RunOutcome> StoreOutcome(const EndedRun& run,
                                        v1::Job::State state, BlobStore& blobs);

}  // namespace phosphene
