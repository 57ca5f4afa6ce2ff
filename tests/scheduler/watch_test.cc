#include "server/stream/watch.h"

#include "tests/scheduler/scheduler_fixture.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::ElementsAre;

class WatchTest : public SchedulerFixture {};

TEST_F(WatchTest, AWatchBeginsWithThePresentState) {
  Submit("a");
  EXPECT_THAT(Watch("a"), ElementsAre("QUEUED"));
}

TEST_F(WatchTest, AFinishedJobReplaysItsLastFrameAndItsFinalState) {
  Submit("a", 10);
  RunAll();
  EXPECT_THAT(Watch("a"), ElementsAre("frame 10", "SUCCEEDED", "end"));
  EXPECT_THAT(Watch("a", nullptr, /*omit_frames=*/true),
              ElementsAre("SUCCEEDED", "end"));
}

TEST_F(WatchTest, TheReplayOutlivesTheServer) {
  Submit("a", 10);
  RunAll();
  Start();
  EXPECT_THAT(Watch("a"), ElementsAre("frame 10", "SUCCEEDED", "end"));
}

TEST_F(WatchTest, ReplayedFramesHaveTheirBytes) {
  Submit("a", 10);
  RunAll();
  Start();
  v1::WatchJobRequest request;
  request.set_name("jobs/a");
  const auto watch = OpenWatch(*sqlite_, *files_, *hub_, request).value();
  const v1::JobEvent event = watch->Next([] {}).delivery.ToProto();
  ASSERT_TRUE(event.has_frame());
  EXPECT_EQ(event.frame().image().substr(0, 2), "\xff\xd8");
  EXPECT_TRUE(event.has_time());
}

TEST_F(WatchTest, AWatcherDroppedAndReattachedSeesTheFinalStateExactlyOnce) {
  int64_t last = 0;
  Submit("a", 40);
  EXPECT_THAT(Watch("a", &last), ElementsAre("QUEUED"));
  std::vector<std::string> during;
  engine_.OnStep(20, [&] { during = Watch("a", &last); });
  RunAll();
  EXPECT_THAT(during, ElementsAre("RUNNING", "step 20"));
  EXPECT_THAT(Watch("a", &last), ElementsAre("frame 40", "SUCCEEDED", "end"));
  EXPECT_THAT(Watch("a", &last), ElementsAre("end"));
  Start();
  EXPECT_THAT(Watch("a", &last), ElementsAre("end"));
}

TEST_F(WatchTest, SequencesGrowOverARestartInTheMiddle) {
  v1::JobSpec spec = FakeSpec(40);
  spec.set_checkpoint_every(10);
  Submit("a", spec);
  int64_t last = 0;
  engine_.OnStep(15, [&] {
    Watch("a", &last);
    store_->hook = [](const std::string&) {
      return absl::UnavailableError("dead");
    };
    engine_.FailAt(15, absl::InternalError("dead"));
  });
  executor_->RunOne();
  Crash();
  const int64_t before = last;
  engine_.FailAt(15, absl::OkStatus());
  Start();
  EXPECT_GT(before, 0);
  EXPECT_THAT(Watch("a", &last), ElementsAre("QUEUED"));
  EXPECT_GT(last, before);
}

TEST_F(WatchTest, AFrameWhoseBlobIsGoneIsLeftOut) {
  Submit("a", 10);
  RunAll();
  const auto start = sqlite_->StartWatch("jobs/a", 0).value();
  ASSERT_OK(files_->Delete(start.last_frame->blob));
  Start();
  EXPECT_THAT(Watch("a"), ElementsAre("SUCCEEDED", "end"));
}

TEST_F(WatchTest, BadRequestsAreRefusedAndLeaveNoWatcher) {
  v1::WatchJobRequest request;
  const auto open = [&] {
    return OpenWatch(*sqlite_, *files_, *hub_, request).status();
  };
  request.set_name("a");
  EXPECT_THAT(open(), StatusIs(StatusCode::kInvalidArgument, "jobs/{job}"));
  request.set_name("jobs/none");
  EXPECT_THAT(open(), StatusIs(StatusCode::kNotFound, "jobs/none"));
  Submit("a");
  request.set_name("jobs/a");
  request.set_after_sequence(-1);
  EXPECT_THAT(open(), StatusIs(StatusCode::kInvalidArgument, "after_sequence"));
  request.set_after_sequence(int64_t{1} << 60);
  EXPECT_THAT(open(), StatusIs(StatusCode::kInvalidArgument, "after_sequence"));
  EXPECT_EQ(hub_->watchers(), 0);
}

TEST_F(WatchTest, ARunningJobShowsItsLiveProgress) {
  Submit("a", 40);
  v1::Job live;
  engine_.OnStep(20, [&] {
    live = WithLiveProgress(sqlite_->Get("jobs/a").value(), *hub_);
  });
  RunAll();
  EXPECT_EQ(live.step(), 20);
  EXPECT_EQ(live.objective_value(), 20);
  EXPECT_EQ(WithLiveProgress(sqlite_->Get("jobs/a").value(), *hub_).step(), 40);
}

}  // namespace
}  // namespace phosphene
