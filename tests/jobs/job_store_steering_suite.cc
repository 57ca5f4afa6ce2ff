// The part of the JobStore contract by which clients steer a job.

#include "absl/strings/str_cat.h"
#include "tests/jobs/job_store_suite.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr v1::Job::State kStates[] = {v1::Job::QUEUED,     v1::Job::RUNNING,
                                      v1::Job::PAUSING,    v1::Job::PAUSED,
                                      v1::Job::CANCELLING, v1::Job::SUCCEEDED,
                                      v1::Job::FAILED,     v1::Job::CANCELLED};

// --- Steering ---

TEST_P(JobStoreSuite, CancelEndsWaitingJobsAndAsksRunningOnes) {
  In(v1::Job::QUEUED, "queued");
  In(v1::Job::PAUSED, "paused");
  In(v1::Job::RUNNING, "running");
  In(v1::Job::PAUSING, "pausing");
  EXPECT_EQ(store().Cancel("jobs/pausing").value().job.state(),
            v1::Job::CANCELLING);
  EXPECT_EQ(store().Cancel("jobs/queued").value().job.state(),
            v1::Job::CANCELLED);
  EXPECT_EQ(store().Cancel("jobs/paused").value().job.state(),
            v1::Job::CANCELLED);
  EXPECT_EQ(store().Cancel("jobs/running").value().job.state(),
            v1::Job::CANCELLING);
  EXPECT_TRUE(Get("queued").has_end_time());
  EXPECT_FALSE(Get("running").has_end_time());
}

TEST_P(JobStoreSuite, CancellingTwiceChangesNothing) {
  for (const auto state : {v1::Job::CANCELLING, v1::Job::CANCELLED}) {
    const std::string name = state == v1::Job::CANCELLING ? "a" : "b";
    const StoredJob before = In(state, name);
    ASSERT_OK_AND_ASSIGN(const StoredJob after, store().Cancel("jobs/" + name));
    EXPECT_EQ(after.sequence, before.sequence);
    EXPECT_EQ(after.job.etag(), before.job.etag());
  }
}

TEST_P(JobStoreSuite, APauseOfARunningJobIsAWishUntilItStops) {
  In(v1::Job::RUNNING, "a");
  ASSERT_OK_AND_ASSIGN(const StoredJob asked, store().Pause("jobs/a"));
  EXPECT_EQ(asked.job.state(), v1::Job::PAUSING);
  EXPECT_THAT(Find("state = PAUSING"), ElementsAre("a"));
  ASSERT_OK_AND_ASSIGN(
      const StoredJob paused,
      store().Finish("jobs/a", 1, v1::Job::PAUSING, Stopped()));
  EXPECT_EQ(paused.job.state(), v1::Job::PAUSED);
  EXPECT_EQ(paused.job.checkpoint_step(), 40);
  EXPECT_EQ(store().Resume("jobs/a").value().job.state(), v1::Job::QUEUED);
  EXPECT_EQ(Claim("a"), 2);
}

TEST_P(JobStoreSuite, AWishToPauseIsTakenBackByResume) {
  In(v1::Job::PAUSING, "a");
  EXPECT_EQ(store().Resume("jobs/a").value().job.state(), v1::Job::RUNNING);
  // The worker had stopped already: what it decided for PAUSING is refused.
  EXPECT_THAT(store().Finish("jobs/a", 1, v1::Job::PAUSING, Stopped()),
              StatusIs(StatusCode::kFailedPrecondition, "RUNNING by now"));
  ASSERT_OK_AND_ASSIGN(
      const StoredJob back,
      store().Finish("jobs/a", 1, v1::Job::RUNNING, Stopped()));
  EXPECT_EQ(back.job.state(), v1::Job::QUEUED);
  EXPECT_EQ(back.job.checkpoint_step(), 40);
}

TEST_P(JobStoreSuite, AJobThatEndsWhilePausingHasEnded) {
  In(v1::Job::PAUSING, "a");
  ASSERT_OK(store().Finish("jobs/a", 1, v1::Job::PAUSING, Succeeded()));
  EXPECT_EQ(StateOf("a"), v1::Job::SUCCEEDED);
}

TEST_P(JobStoreSuite, SteeringIsRefusedWhereTheStatesDoNotAllowIt) {
  for (const auto state : kStates) {
    const std::string name = absl::StrCat("s", static_cast<int>(state));
    In(state, name);
    const bool ended = HasEnded(state);
    if (ended && state != v1::Job::CANCELLED) {
      EXPECT_THAT(store().Cancel("jobs/" + name),
                  StatusIs(StatusCode::kFailedPrecondition));
    }
    if (ended || state == v1::Job::CANCELLING) {
      EXPECT_THAT(store().Pause("jobs/" + name),
                  StatusIs(StatusCode::kFailedPrecondition));
    }
    if (state != v1::Job::PAUSED && state != v1::Job::PAUSING) {
      EXPECT_THAT(store().Resume("jobs/" + name),
                  StatusIs(StatusCode::kFailedPrecondition, "PAUSED"));
    }
    if (!ended) {
      EXPECT_THAT(store().Delete("jobs/" + name, "", false),
                  StatusIs(StatusCode::kFailedPrecondition, "force"));
    }
    EXPECT_EQ(StateOf(name), state);
  }
}

TEST_P(JobStoreSuite, AnEndedJobIsDeletedWithAllOfIt) {
  In(v1::Job::SUCCEEDED, "a");
  ASSERT_OK(store().Delete("jobs/a", "", false));
  EXPECT_THAT(store().Get("jobs/a"), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Find(""), IsEmpty());
}

TEST_P(JobStoreSuite, ForcedDeletionFencesTheWorkerForEver) {
  In(v1::Job::RUNNING, "a");
  ASSERT_OK(store().Delete("jobs/a", "", true));
  EXPECT_THAT(store().Finish("jobs/a", 1, v1::Job::RUNNING, Succeeded()),
              StatusIs(StatusCode::kNotFound));
  Submit("a");
  EXPECT_EQ(Claim("a"), 2);
  EXPECT_THAT(store().Finish("jobs/a", 1, v1::Job::RUNNING, Succeeded()),
              StatusIs(StatusCode::kAborted));
  EXPECT_EQ(StateOf("a"), v1::Job::RUNNING);
}

}  // namespace
}  // namespace phosphene
