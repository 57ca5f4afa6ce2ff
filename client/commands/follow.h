#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "client/commands/job_flags.h"
#include "client/commands/session.h"
#include "phosphene/v1/job.pb.h"

namespace phosphene::client {

// How watching a job ended.
struct Followed {
  bool detached = false;  // the user left; the job goes on
  v1::Job job;            // as of the final state; spec left out
};

// Watches a job to its end: bar or lines of progress, frames as `flags` say,
// each event with --json. Ctrl-C asks: detach or cancel; where nobody can be
// asked, or on a second one, it detaches. Errors are those of the watch, not
// of the job.
absl::StatusOr<Followed> Follow(Session& session, const std::string& name,
                                const WatchFlags& flags,
                                int64_t after_sequence = 0);

// The end of a job as a status: OK for SUCCEEDED, FromJobError, CANCELLED.
absl::Status StatusOf(const v1::Job& job);

}  // namespace phosphene::client
