// The part of the JobStore contract that workers use.

#include <atomic>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "server/base/faults.h"
#include "server/jobs/proto_time.h"
#include "tests/jobs/job_store_suite.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::ElementsAre;

TEST_P(JobStoreSuite, WaitingJobsComeByPriorityThenAge) {
  Submit("old", 0);
  Submit("low", -1);
  Submit("high", 5);
  Submit("young", 0);
  In(v1::Job::PAUSED, "paused");
  std::vector<std::string> names;
  ASSERT_OK_AND_ASSIGN(const auto waiting, store().ListQueued(10));
  for (const QueuedJob& job : waiting) names.push_back(job.name);
  EXPECT_THAT(names,
              ElementsAre("jobs/high", "jobs/old", "jobs/young", "jobs/low"));
  EXPECT_EQ(store().ListQueued(2).value().size(), 2u);
}

TEST_P(JobStoreSuite, AClaimStartsTheNextAttempt) {
  Submit("a");
  clock_.Advance(absl::Minutes(5));
  ASSERT_OK_AND_ASSIGN(const StoredJob claimed,
                       store().Claim("jobs/a", "devices/cpu-0"));
  EXPECT_EQ(claimed.job.state(), v1::Job::RUNNING);
  EXPECT_EQ(claimed.job.attempt(), 1);
  EXPECT_EQ(claimed.job.device(), "devices/cpu-0");
  EXPECT_EQ(FromProtoTime(claimed.job.start_time()), clock_.Now());
  EXPECT_TRUE(claimed.job.has_spec());
  EXPECT_THAT(store().Claim("jobs/a", "devices/cpu-1"),
              StatusIs(StatusCode::kAborted));
}

TEST_P(JobStoreSuite, AJobIsClaimedByOneOfManyWorkers) {
  for (int i = 0; i < 10; ++i) Submit(absl::StrCat("j", i));
  std::atomic<int> claims = 0;
  std::vector<std::thread> workers;
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&, w] {
      for (int i = 0; i < 10; ++i) {
        const auto claimed = store().Claim(absl::StrCat("jobs/j", i),
                                           absl::StrCat("devices/cpu-", w));
        if (claimed.ok()) ++claims;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(claims, 10);
}

TEST_P(JobStoreSuite, ASuccessKeepsWhatCameOut) {
  In(v1::Job::RUNNING, "a");
  RunOutcome outcome = Succeeded();
  outcome.warnings = {"slow", "slow", "gradient was zero"};
  outcome.run_duration = absl::Seconds(9);
  clock_.Advance(absl::Minutes(1));
  ASSERT_OK(store().Finish("jobs/a", 1, v1::Job::RUNNING, outcome));
  const v1::Job job = Get("a");
  EXPECT_EQ(job.state(), v1::Job::SUCCEEDED);
  EXPECT_EQ(job.step(), 100);
  EXPECT_EQ(job.objective_value(), 2.5);
  ASSERT_EQ(job.artifacts_size(), 1);
  EXPECT_EQ(job.artifacts(0).blob(), FakeBlob("image"));
  EXPECT_THAT(job.warnings(), ElementsAre("slow", "gradient was zero"));
  EXPECT_EQ(FromProtoTime(job.end_time()), clock_.Now());
  EXPECT_EQ(job.run_duration().seconds(), 9);
  EXPECT_FALSE(job.has_error());
}

TEST_P(JobStoreSuite, AFailureTellsWhy) {
  In(v1::Job::RUNNING, "a");
  RunOutcome outcome;
  outcome.kind = RunOutcome::Kind::kFailed;
  outcome.error = WithReason(absl::ResourceExhaustedError("out of memory"),
                             "OUT_OF_MEMORY");
  ASSERT_OK(store().Finish("jobs/a", 1, v1::Job::RUNNING, outcome));
  const v1::Job job = Get("a");
  EXPECT_EQ(job.state(), v1::Job::FAILED);
  EXPECT_EQ(job.error().code(),
            static_cast<int>(StatusCode::kResourceExhausted));
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(job.error().details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "OUT_OF_MEMORY");
}

TEST_P(JobStoreSuite, AStoppedRunGoesBackToTheQueueWithItsCheckpoint) {
  In(v1::Job::RUNNING, "a");
  RunOutcome outcome = Stopped();
  outcome.run_duration = absl::Seconds(2);
  ASSERT_OK(store().Finish("jobs/a", 1, v1::Job::RUNNING, outcome));
  EXPECT_EQ(StateOf("a"), v1::Job::QUEUED);
  ASSERT_OK_AND_ASSIGN(const StoredJob again,
                       store().Claim("jobs/a", "devices/cpu-0"));
  EXPECT_EQ(again.job.attempt(), 2);
  EXPECT_EQ(again.job.step(), 40);
  EXPECT_EQ(again.job.checkpoint(), FakeBlob("checkpoint 40"));
  outcome.run_duration = absl::Seconds(3);
  ASSERT_OK_AND_ASSIGN(const StoredJob back,
                       store().Finish("jobs/a", 2, v1::Job::RUNNING, outcome));
  EXPECT_EQ(back.job.run_duration().seconds(), 5);
}

TEST_P(JobStoreSuite, ACancelledRunKeepsItsArtifactsAndEndsCancelled) {
  In(v1::Job::CANCELLING, "a");
  RunOutcome outcome = Succeeded();
  outcome.kind = RunOutcome::Kind::kStopped;
  ASSERT_OK(store().Finish("jobs/a", 1, v1::Job::CANCELLING, outcome));
  EXPECT_EQ(StateOf("a"), v1::Job::CANCELLED);
  EXPECT_EQ(Get("a").artifacts_size(), 1);
}

TEST_P(JobStoreSuite, ACancelBeatsASuccessThatComesLater) {
  In(v1::Job::CANCELLING, "a");
  ASSERT_OK(store().Finish("jobs/a", 1, v1::Job::CANCELLING, Succeeded()));
  EXPECT_EQ(StateOf("a"), v1::Job::CANCELLED);
}

TEST_P(JobStoreSuite, AnOutcomeDecidedForAnotherStateIsRefused) {
  In(v1::Job::CANCELLING, "a");
  EXPECT_THAT(store().Finish("jobs/a", 1, v1::Job::RUNNING, Succeeded()),
              StatusIs(StatusCode::kFailedPrecondition, "CANCELLING by now"));
  EXPECT_EQ(StateOf("a"), v1::Job::CANCELLING);
}

TEST_P(JobStoreSuite, OtherAttemptsAndEndedJobsAreFenced) {
  In(v1::Job::RUNNING, "a");
  ASSERT_OK(store().Finish("jobs/a", 1, v1::Job::RUNNING, Stopped()));
  const auto expect_fenced = [&](int attempt) {
    EXPECT_THAT(
        store().Finish("jobs/a", attempt, v1::Job::RUNNING, Succeeded()),
        StatusIs(StatusCode::kAborted));
    EXPECT_THAT(store().SaveCheckpoint("jobs/a", attempt, {FakeBlob("x"), 1}),
                StatusIs(StatusCode::kAborted));
    EXPECT_THAT(store().KeepFrame("jobs/a", attempt, {}),
                StatusIs(StatusCode::kAborted));
  };
  expect_fenced(1);  // queued
  Claim("a");
  expect_fenced(1);  // on attempt 2
  expect_fenced(3);
  ASSERT_OK(store().Finish("jobs/a", 2, v1::Job::RUNNING, Succeeded()));
  expect_fenced(2);  // ended
  EXPECT_EQ(Get("a").artifacts_size(), 1);
}

TEST_P(JobStoreSuite, WarningsAreBounded) {
  In(v1::Job::RUNNING, "a");
  RunOutcome outcome = Succeeded();
  for (int i = 0; i < 1000; ++i)
    outcome.warnings.push_back(absl::StrCat(std::string(5000, 'w'), i));
  for (int i = 0; i < 1000; ++i)
    outcome.warnings.push_back(absl::StrCat("\xff", i));
  ASSERT_OK(store().Finish("jobs/a", 1, v1::Job::RUNNING, outcome));
  EXPECT_LE(Get("a").warnings_size(), 100);
  EXPECT_LT(Get("a").ByteSizeLong(), 100'000u);
}

// --- Checkpoints and recovery ---

TEST_P(JobStoreSuite, JobsOfADeadServerGoOnFromTheirCheckpoint) {
  In(v1::Job::RUNNING, "a");
  ASSERT_OK(store().SaveCheckpoint("jobs/a", 1, {FakeBlob("c"), 30}));
  Open();
  ASSERT_OK_AND_ASSIGN(const auto orphans, store().RecoverOrphans(3));
  ASSERT_EQ(orphans.size(), 1u);
  EXPECT_EQ(orphans[0].name, "jobs/a");
  EXPECT_EQ(orphans[0].crashes, 1);
  const v1::Job job = Get("a");
  EXPECT_EQ(job.state(), v1::Job::QUEUED);
  EXPECT_EQ(job.step(), 30);
  EXPECT_EQ(job.checkpoint(), FakeBlob("c"));
  EXPECT_THAT(store().Finish("jobs/a", 1, v1::Job::RUNNING, Succeeded()),
              StatusIs(StatusCode::kAborted));
  EXPECT_EQ(Claim("a"), 2);
}

TEST_P(JobStoreSuite, WishesOutliveTheServer) {
  In(v1::Job::CANCELLING, "cancelled");
  In(v1::Job::RUNNING, "paused");
  ASSERT_OK(store().Pause("jobs/paused"));
  In(v1::Job::QUEUED, "queued");
  Open();
  EXPECT_EQ(store().RecoverOrphans(3).value().size(), 2u);
  EXPECT_EQ(StateOf("cancelled"), v1::Job::CANCELLED);
  EXPECT_EQ(StateOf("paused"), v1::Job::PAUSED);
  EXPECT_EQ(StateOf("queued"), v1::Job::QUEUED);
}

TEST_P(JobStoreSuite, AJobThatKillsItsServersIsGivenUp) {
  Submit("a");
  for (int crash = 1; crash <= 3; ++crash) {
    Claim("a");
    ASSERT_OK(store().RecoverOrphans(3));
    EXPECT_EQ(StateOf("a"), crash < 3 ? v1::Job::QUEUED : v1::Job::FAILED);
  }
  EXPECT_THAT(Get("a").error().message(), testing::HasSubstr("3 times"));
}

TEST_P(JobStoreSuite, ASuspectGoesBehindAllOthersAndNewOnes) {
  Submit("bad", /*priority=*/9);
  for (int crash = 0; crash < 2; ++crash) {
    Claim("bad");
    ASSERT_OK(store().RecoverOrphans(3));
    if (crash == 0) Submit("old");
    EXPECT_EQ(store().ListQueued(1).value()[0].name,
              crash == 0 ? "jobs/bad" : "jobs/old");
  }
  Submit("new", /*priority=*/-9);
  std::vector<std::string> names;
  ASSERT_OK_AND_ASSIGN(const auto waiting, store().ListQueued(10));
  for (const QueuedJob& job : waiting) {
    names.push_back(job.name);
    EXPECT_EQ(job.suspect, job.name == "jobs/bad");
  }
  EXPECT_THAT(names, ElementsAre("jobs/old", "jobs/new", "jobs/bad"));
}

// A server of many devices dies with all it runs: the guilty one is found
// without the others being FAILED.
TEST_P(JobStoreSuite, OfSuspectsOneRunsAtATime) {
  for (const char* name : {"bad", "good"}) Submit(name);
  for (int crash = 0; crash < 2; ++crash) {
    for (const char* name : {"bad", "good"}) Claim(name);
    ASSERT_OK(store().RecoverOrphans(3));
  }
  Submit("young");
  Claim("bad");
  EXPECT_THAT(store().Claim("jobs/good", "devices/cpu-1"),
              StatusIs(StatusCode::kAborted, "jobs/bad"));
  ASSERT_OK_AND_ASSIGN(const auto waiting, store().ListQueued(10));
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].name, "jobs/young");
  ASSERT_OK(store().RecoverOrphans(3));
  EXPECT_EQ(StateOf("bad"), v1::Job::FAILED);
  EXPECT_EQ(StateOf("good"), v1::Job::QUEUED);
  EXPECT_EQ(store().ListQueued(10).value().size(), 2u);
}

TEST_P(JobStoreSuite, ProgressForgivesCrashes) {
  Submit("a");
  for (int crash = 0; crash < 6; ++crash) {
    const int attempt = Claim("a");
    ASSERT_OK(
        store().SaveCheckpoint("jobs/a", attempt, {FakeBlob("c"), crash}));
    ASSERT_OK(store().RecoverOrphans(2));
    EXPECT_EQ(StateOf("a"), v1::Job::QUEUED);
  }
}

}  // namespace
}  // namespace phosphene
