#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/job.pb.h"

namespace phosphene {

// What can happen to a job.
enum class JobAction {
  kClaim,       // a worker takes it
  kCancel,      // CancelJob
  kPause,       // PauseJob
  kResume,      // ResumeJob
  kSucceed,     // its run came to the end
  kFail,        // its run met an error
  kStop,        // its run was stopped between two steps
  kLoseWorker,  // its worker died
};

// The state that follows, the same one where nothing changes:
//
//                claim     cancel       pause      resume    succeed     fail        stop, lose
//   QUEUED       RUNNING   CANCELLED    PAUSED     -         -           -           -
//   RUNNING      -         CANCELLING   PAUSING    -         SUCCEEDED   FAILED      QUEUED
//   PAUSING      -         CANCELLING   PAUSING    RUNNING   SUCCEEDED   FAILED      PAUSED
//   PAUSED       -         CANCELLED    PAUSED     QUEUED    -           -           -
//   CANCELLING   -         CANCELLING   -          -         CANCELLED   CANCELLED   CANCELLED
//   CANCELLED    -         CANCELLED    -          -         -           -           -
//   SUCCEEDED    -         -            -          -         -           -           -
//   FAILED       -         -            -          -         -           -           -
//
// A pause of a running job is a wish until its worker has stopped; resumed
// before that, the job is RUNNING again, and a worker that stopped all the same
// hands it back to the queue, from which it goes on.
// FAILED_PRECONDITION (-) names the state and those the action is allowed in.
absl::StatusOr<v1::Job::State> NextState(v1::Job::State from, JobAction action);

// States an action is allowed in.
std::vector<v1::Job::State> AllowedIn(JobAction action);

}  // namespace phosphene
