// The table of a job's states, one function per row.

#include "server/jobs/state_machine.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace phosphene {
namespace {

using State = v1::Job::State;

absl::string_view PastParticiple(JobAction action) {
  switch (action) {
    case JobAction::kClaim:
      return "run";
    case JobAction::kCancel:
      return "cancelled";
    case JobAction::kPause:
      return "paused";
    case JobAction::kResume:
      return "resumed";
    case JobAction::kSucceed:
    case JobAction::kFail:
    case JobAction::kStop:
    case JobAction::kLoseWorker:
      return "ended by a worker";
  }
  return "";
}

std::optional<State> OfQueued(JobAction action) {
  switch (action) {
    case JobAction::kClaim:
      return v1::Job::RUNNING;
    case JobAction::kCancel:
      return v1::Job::CANCELLED;
    case JobAction::kPause:
      return v1::Job::PAUSED;
    default:
      return std::nullopt;
  }
}

std::optional<State> OfRunning(JobAction action) {
  switch (action) {
    case JobAction::kCancel:
      return v1::Job::CANCELLING;
    case JobAction::kPause:
      return v1::Job::PAUSING;
    case JobAction::kSucceed:
      return v1::Job::SUCCEEDED;
    case JobAction::kFail:
      return v1::Job::FAILED;
    case JobAction::kStop:
    case JobAction::kLoseWorker:
      return v1::Job::QUEUED;
    default:
      return std::nullopt;
  }
}

std::optional<State> OfPausing(JobAction action) {
  switch (action) {
    case JobAction::kCancel:
      return v1::Job::CANCELLING;
    case JobAction::kPause:
      return v1::Job::PAUSING;
    case JobAction::kResume:
      return v1::Job::RUNNING;
    case JobAction::kSucceed:
      return v1::Job::SUCCEEDED;
    case JobAction::kFail:
      return v1::Job::FAILED;
    case JobAction::kStop:
    case JobAction::kLoseWorker:
      return v1::Job::PAUSED;
    default:
      return std::nullopt;
  }
}

std::optional<State> OfPaused(JobAction action) {
  switch (action) {
    case JobAction::kCancel:
      return v1::Job::CANCELLED;
    case JobAction::kPause:
      return v1::Job::PAUSED;
    case JobAction::kResume:
      return v1::Job::QUEUED;
    default:
      return std::nullopt;
  }
}

std::optional<State> OfCancelling(JobAction action) {
  switch (action) {
    case JobAction::kCancel:
      return v1::Job::CANCELLING;
    case JobAction::kSucceed:
    case JobAction::kFail:
    case JobAction::kStop:
    case JobAction::kLoseWorker:
      return v1::Job::CANCELLED;
    default:
      return std::nullopt;
  }
}

std::optional<State> Next(State from, JobAction action) {
  switch (from) {
    case v1::Job::QUEUED:
      return OfQueued(action);
    case v1::Job::RUNNING:
      return OfRunning(action);
    case v1::Job::PAUSING:
      return OfPausing(action);
    case v1::Job::PAUSED:
      return OfPaused(action);
    case v1::Job::CANCELLING:
      return OfCancelling(action);
    case v1::Job::CANCELLED:
      return action == JobAction::kCancel ? std::optional(from) : std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::vector<State> AllowedIn(JobAction action) {
  std::vector<State> states;
  for (const State state :
       {v1::Job::QUEUED, v1::Job::RUNNING, v1::Job::PAUSING, v1::Job::PAUSED,
        v1::Job::CANCELLING, v1::Job::SUCCEEDED, v1::Job::FAILED,
        v1::Job::CANCELLED}) {
    if (Next(state, action).has_value()) states.push_back(state);
  }
  return states;
}

absl::StatusOr<State> NextState(State from, JobAction action) {
  if (const auto next = Next(from, action)) return *next;
  const std::string allowed =
      absl::StrJoin(AllowedIn(action), ", ", [](std::string* out, State state) {
        absl::StrAppend(out, v1::Job::State_Name(state));
      });
  return absl::FailedPreconditionError(
      absl::StrCat("the job is ", v1::Job::State_Name(from), "; it can be ",
                   PastParticiple(action), " only while it is ", allowed));
}

}  // namespace phosphene
