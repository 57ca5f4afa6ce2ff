#include "server/scheduler/run_outcome.h"

#include "server/base/faults.h"
#include "tests/scheduler/faulty_stores.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = RunOutcome::Kind;

class RunOutcomeTest : public testing::Test {
 protected:
  RunOutcomeTest() {
    run_.name = "jobs/a";
    run_.attempt = 1;
    run_.warnings = {"sink"};
    run_.duration = absl::Seconds(3);
    v1::Frame frame;
    frame.set_step(10);
    frame.set_image("picture");
    run_.last_frame = JobRunSink::LastFrame{frame, 77};
    RunResult result;
    result.step = 10;
    result.objective_value = 1.5;
    result.warnings = {"engine"};
    result.checkpoint = "checkpoint";
    result.artifacts.emplace_back().bytes = "image";
    result.artifacts[0].info.set_name("image.png");
    run_.result = result;
  }
  void Finished() { run_.result->finished = true; }
  RunOutcome Outcome(v1::Job::State state = v1::Job::RUNNING) {
    const auto outcome = StoreOutcome(run_, state, blobs_);
    EXPECT_OK(outcome);
    return outcome.ok() ? *outcome : RunOutcome();
  }

  std::unique_ptr<BlobStore> memory_ = OpenBlobStore("memory", {}).value();
  FaultyBlobStore blobs_{*memory_};
  EndedRun run_;
};

TEST_F(RunOutcomeTest, AFinishedRunHasItsArtifactsStored) {
  Finished();
  const RunOutcome outcome = Outcome();
  EXPECT_EQ(outcome.kind, Kind::kSucceeded);
  EXPECT_EQ(outcome.step, 10);
  EXPECT_EQ(outcome.objective_value, 1.5);
  EXPECT_EQ(outcome.run_duration, absl::Seconds(3));
  EXPECT_THAT(outcome.warnings, ElementsAre("sink", "engine"));
  ASSERT_EQ(outcome.artifacts.size(), 1u);
  EXPECT_EQ(outcome.artifacts[0].name(), "image.png");
  EXPECT_EQ(outcome.artifacts[0].size_bytes(), 5);
  EXPECT_THAT(memory_->Get(outcome.artifacts[0].blob()), IsOkAndHolds("image"));
  EXPECT_FALSE(outcome.checkpoint.has_value());
}

TEST_F(RunOutcomeTest, TheLastFrameOfAnEndedRunIsStoredWithItsSequence) {
  Finished();
  const RunOutcome outcome = Outcome();
  ASSERT_TRUE(outcome.last_frame.has_value());
  EXPECT_EQ(outcome.last_frame->sequence, 77);
  EXPECT_EQ(outcome.last_frame->info.step(), 10);
  EXPECT_EQ(outcome.last_frame->info.image(), "");
  EXPECT_THAT(memory_->Get(outcome.last_frame->blob), IsOkAndHolds("picture"));
}

TEST_F(RunOutcomeTest, ACancelledRunKeepsWhatThereWas) {
  run_.stop_requested = true;
  const RunOutcome outcome = Outcome(v1::Job::CANCELLING);
  EXPECT_EQ(outcome.kind, Kind::kStopped);
  EXPECT_EQ(outcome.artifacts.size(), 1u);
  EXPECT_TRUE(outcome.last_frame.has_value());
  EXPECT_FALSE(outcome.checkpoint.has_value());
}

TEST_F(RunOutcomeTest, ARunThatGoesOnLaterKeepsItsCheckpointAlone) {
  run_.stop_requested = true;
  const RunOutcome outcome = Outcome();
  EXPECT_EQ(outcome.kind, Kind::kStopped);
  ASSERT_TRUE(outcome.checkpoint.has_value());
  EXPECT_EQ(outcome.checkpoint->step, 10);
  EXPECT_THAT(memory_->Get(outcome.checkpoint->blob),
              IsOkAndHolds("checkpoint"));
  EXPECT_TRUE(outcome.artifacts.empty());
  EXPECT_FALSE(outcome.last_frame.has_value());
}

TEST_F(RunOutcomeTest, AnErrorIsTheOutcome) {
  run_.result = absl::ResourceExhaustedError("out of memory");
  const RunOutcome outcome = Outcome();
  EXPECT_EQ(outcome.kind, Kind::kFailed);
  EXPECT_THAT(outcome.error,
              StatusIs(StatusCode::kResourceExhausted, "memory"));
  EXPECT_TRUE(outcome.last_frame.has_value());
}

TEST_F(RunOutcomeTest, AnEngineThatStopsByItselfHasFailed) {
  EXPECT_THAT(Outcome().error,
              StatusIs(StatusCode::kInternal, "after step 10"));
}

TEST_F(RunOutcomeTest, AFullDiskIsWaitedFor) {
  blobs_.put_error = absl::ResourceExhaustedError("disk full");
  run_.stop_requested = true;
  for (const auto state : {v1::Job::RUNNING, v1::Job::PAUSING}) {
    EXPECT_THAT(StoreOutcome(run_, state, blobs_),
                StatusIs(StatusCode::kResourceExhausted));
  }
  Finished();
  EXPECT_THAT(StoreOutcome(run_, v1::Job::RUNNING, blobs_),
              StatusIs(StatusCode::kResourceExhausted));
}

TEST_F(RunOutcomeTest, NobodyWaitsForRoomForWhatWasCancelledOrOnDraining) {
  run_.stop_requested = true;
  blobs_.put_error = absl::ResourceExhaustedError("disk full");
  const auto expect_warning = [&](v1::Job::State state, bool hurry) {
    const auto outcome = StoreOutcome(run_, state, blobs_, hurry);
    ASSERT_OK(outcome);
    EXPECT_EQ(outcome->kind, Kind::kStopped);
    EXPECT_FALSE(outcome->checkpoint.has_value());
    EXPECT_THAT(outcome->warnings, testing::Contains(HasSubstr("disk full")));
  };
  expect_warning(v1::Job::CANCELLING, false);
  expect_warning(v1::Job::RUNNING, true);
  Finished();
  expect_warning(v1::Job::CANCELLING, false);
}

TEST_F(RunOutcomeTest, AnArtifactLargerThanAnyBlobFailsTheRun) {
  Finished();
  blobs_.put_error =
      WithReason(absl::ResourceExhaustedError("too large"), "BLOB_TOO_LARGE");
  const RunOutcome outcome = Outcome();
  EXPECT_EQ(outcome.kind, Kind::kFailed);
  EXPECT_THAT(outcome.error, StatusIs(StatusCode::kResourceExhausted,
                                      "artifact \"image.png\": too large"));
}

TEST_F(RunOutcomeTest, ARunWithoutItsFilesIsPutOffButNotForEver) {
  run_.result = absl::UnavailableError("open net.onnx: Too many open files");
  run_.attempt = 1;
  EXPECT_EQ(Outcome().kind, Kind::kStopped);
  EXPECT_THAT(Outcome().warnings, testing::Contains(HasSubstr("Too many")));
  run_.attempt = 1000;  // most of them ended for other reasons
  EXPECT_EQ(Outcome().kind, Kind::kStopped);
  run_.put_offs = kMaxPutOff;
  EXPECT_EQ(Outcome().kind, Kind::kFailed);
}

TEST_F(RunOutcomeTest, ABlobStoreThatIsAwayIsWaitedFor) {
  blobs_.put_error = absl::UnavailableError("away");
  run_.stop_requested = true;
  for (const auto state : {v1::Job::RUNNING, v1::Job::CANCELLING}) {
    EXPECT_THAT(StoreOutcome(run_, state, blobs_),
                StatusIs(StatusCode::kUnavailable));
  }
  Finished();
  EXPECT_THAT(StoreOutcome(run_, v1::Job::RUNNING, blobs_),
              StatusIs(StatusCode::kUnavailable));
}

}  // namespace
}  // namespace phosphene
