#include "server/jobs/state_machine.h"

#include <optional>
#include <vector>

#include "server/jobs/job_store.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using State = v1::Job::State;

const std::vector<State> kStates = {v1::Job::QUEUED,     v1::Job::RUNNING,
                                    v1::Job::PAUSING,    v1::Job::PAUSED,
                                    v1::Job::CANCELLING, v1::Job::SUCCEEDED,
                                    v1::Job::FAILED,     v1::Job::CANCELLED};
const std::vector<JobAction> kActions = {
    JobAction::kClaim,  JobAction::kCancel,    JobAction::kPause,
    JobAction::kResume, JobAction::kSucceed,   JobAction::kFail,
    JobAction::kStop,   JobAction::kLoseWorker};

std::optional<State> After(State from, JobAction action) {
  const auto next = NextState(from, action);
  return next.ok() ? std::optional(*next) : std::nullopt;
}

TEST(StateMachineTest, TheWayOfAJobThatSucceeds) {
  EXPECT_EQ(After(v1::Job::QUEUED, JobAction::kClaim), v1::Job::RUNNING);
  EXPECT_EQ(After(v1::Job::RUNNING, JobAction::kSucceed), v1::Job::SUCCEEDED);
}

TEST(StateMachineTest, EndedStatesAreNeverLeft) {
  for (const State state : kStates) {
    if (!HasEnded(state)) continue;
    for (const JobAction action : kActions) {
      const std::optional<State> next = After(state, action);
      EXPECT_TRUE(!next.has_value() || *next == state)
          << v1::Job::State_Name(state) << " action "
          << static_cast<int>(action);
    }
  }
}

TEST(StateMachineTest, ACancelledJobNeverBecomesAnythingElse) {
  for (const JobAction action : kActions) {
    const auto next = After(v1::Job::CANCELLING, action);
    EXPECT_TRUE(!next.has_value() || *next == v1::Job::CANCELLING ||
                *next == v1::Job::CANCELLED);
  }
}

TEST(StateMachineTest, EveryJobThatHasNotEndedCanBeCancelled) {
  for (const State state : kStates) {
    const bool possible =
        state != v1::Job::SUCCEEDED && state != v1::Job::FAILED;
    EXPECT_EQ(After(state, JobAction::kCancel).has_value(), possible)
        << v1::Job::State_Name(state);
  }
}

TEST(StateMachineTest, AStoppedRunGoesBackToTheQueueUnlessAPauseWasAskedFor) {
  for (const JobAction action : {JobAction::kStop, JobAction::kLoseWorker}) {
    EXPECT_EQ(After(v1::Job::RUNNING, action), v1::Job::QUEUED);
    EXPECT_EQ(After(v1::Job::PAUSING, action), v1::Job::PAUSED);
  }
}

TEST(StateMachineTest, AWishToPauseCanBeTakenBackUntilItIsFulfilled) {
  EXPECT_EQ(After(v1::Job::RUNNING, JobAction::kPause), v1::Job::PAUSING);
  EXPECT_EQ(After(v1::Job::PAUSING, JobAction::kPause), v1::Job::PAUSING);
  EXPECT_EQ(After(v1::Job::PAUSING, JobAction::kResume), v1::Job::RUNNING);
  EXPECT_EQ(After(v1::Job::PAUSING, JobAction::kCancel), v1::Job::CANCELLING);
}

TEST(StateMachineTest, OnlyWorkersOfRunningJobsEndThem) {
  for (const State state : kStates) {
    for (const JobAction action :
         {JobAction::kSucceed, JobAction::kFail, JobAction::kStop}) {
      EXPECT_EQ(After(state, action).has_value(), HasWorker(state));
    }
  }
}

TEST(StateMachineTest, EveryStateIsReachedFromQueued) {
  std::vector<State> reached = {v1::Job::QUEUED};
  for (size_t i = 0; i < reached.size(); ++i) {
    for (const JobAction action : kActions) {
      const auto next = After(reached[i], action);
      if (next.has_value() &&
          std::find(reached.begin(), reached.end(), *next) == reached.end()) {
        reached.push_back(*next);
      }
    }
  }
  EXPECT_THAT(reached, testing::UnorderedElementsAreArray(kStates));
}

TEST(StateMachineTest, ARefusalNamesTheStateAndWhatIsAllowed) {
  EXPECT_THAT(
      NextState(v1::Job::SUCCEEDED, JobAction::kResume),
      StatusIs(
          absl::StatusCode::kFailedPrecondition,
          "SUCCEEDED; it can be resumed only while it is PAUSING, PAUSED"));
}

}  // namespace
}  // namespace phosphene
