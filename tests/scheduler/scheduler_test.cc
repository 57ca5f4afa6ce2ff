#include "server/scheduler/scheduler.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/jobs/proto_time.h"
#include "server/scheduler/run_outcome.h"
#include "server/stream/watch.h"
#include "tests/scheduler/scheduler_fixture.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SchedulerTest : public SchedulerFixture {
 protected:
  // Models of the runs begun, in order.
  std::vector<std::string> Order() {
    std::vector<std::string> order;
    for (const FakeEngine::Begun& run : engine_.runs())
      order.push_back(run.model);
    return order;
  }
  void SubmitModel(const std::string& name, int priority = 0) {
    v1::JobSpec spec = FakeSpec(3);
    spec.set_model(name);
    Submit(name, spec, priority);
  }
};

TEST_F(SchedulerTest, ASubmittedJobRunsAndSucceeds) {
  Submit("a", 10);
  EXPECT_EQ(State("a"), "QUEUED");
  RunAll();
  EXPECT_EQ(State("a"), "SUCCEEDED");
  EXPECT_EQ(Artifact("a"), FakeEngine::ResultOf(FakeSpec(10)));
  EXPECT_EQ(Get("a").step(), 10);
  EXPECT_EQ(Get("a").attempt(), 1);
  EXPECT_EQ(Get("a").device(), "devices/cpu-0");
}

TEST_F(SchedulerTest, JobsRunByPriorityThenAge) {
  SubmitModel("a");
  SubmitModel("b", -1);
  SubmitModel("c", 7);
  SubmitModel("d");
  RunAll();
  EXPECT_THAT(Order(), ElementsAre("c", "a", "d", "b"));
}

TEST_F(SchedulerTest, JobsThatWaitedBeforeTheStartRun) {
  Start(/*devices=*/0);
  Submit("a");
  Start();
  RunAll();
  EXPECT_EQ(State("a"), "SUCCEEDED");
}

TEST_F(SchedulerTest, EveryDeviceTakesJobs) {
  Start(/*devices=*/2);
  for (const char* name : {"a", "b", "c", "d"}) Submit(name);
  executor_->RunOne();
  executor_->RunOne();
  EXPECT_EQ(engine_.runs()[0].device, "cpu:0");
  EXPECT_EQ(engine_.runs()[1].device, "cpu:1");
  RunAll();
  EXPECT_EQ(State("d"), "SUCCEEDED");
}

TEST_F(SchedulerTest, DevicesTellWhatTheyRun) {
  Submit("a", 10);
  std::vector<v1::Device> during;
  engine_.OnStep(5, [&] { during = scheduler_->Devices(); });
  RunAll();
  ASSERT_EQ(during.size(), 1u);
  EXPECT_EQ(during[0].name(), "devices/cpu-0");
  EXPECT_EQ(during[0].current_job(), "jobs/a");
  EXPECT_THAT(during[0].current_jobs(), ElementsAre("jobs/a"));
  EXPECT_EQ(during[0].lanes(), 1);
  EXPECT_EQ(scheduler_->Devices()[0].current_job(), "");
}

TEST_F(SchedulerTest, AnErrorOfTheRunFailsTheJobAndTheNextRuns) {
  engine_.FailAt(5, absl::ResourceExhaustedError("out of memory"));
  Submit("a", 10);
  Submit("b", 4);
  RunAll();
  EXPECT_EQ(State("a"), "FAILED");
  EXPECT_THAT(Get("a").error().message(), HasSubstr("out of memory"));
  EXPECT_EQ(State("b"), "SUCCEEDED");
}

TEST_F(SchedulerTest, TheTimeOfARunIsMeasured) {
  Submit("a", 10);
  engine_.OnStep(5, [&] { clock_.Advance(absl::Seconds(42)); });
  RunAll();
  EXPECT_EQ(FromProtoDuration(Get("a").run_duration()), absl::Seconds(42));
}

TEST_F(SchedulerTest, AClockThatIsSetBackShortensNoRun) {
  Submit("a", 10);
  engine_.OnStep(5, [&] {
    clock_.Advance(absl::Seconds(42));
    clock_.SetBack(absl::Hours(2));
  });
  RunAll();
  EXPECT_EQ(FromProtoDuration(Get("a").run_duration()), absl::Seconds(42));
}

// --- Cancel ---

TEST_F(SchedulerTest, AJobCancelledWhileQueuedNeverRuns) {
  Submit("a");
  ASSERT_OK(store_->Cancel("jobs/a"));
  RunAll();
  EXPECT_EQ(State("a"), "CANCELLED");
  EXPECT_THAT(engine_.runs(), IsEmpty());
}

TEST_F(SchedulerTest, ARunningJobIsCancelledWithinTwoSteps) {
  Submit("a", 100);
  engine_.OnStep(20, [&] { ASSERT_OK(store_->Cancel("jobs/a")); });
  RunAll();
  EXPECT_EQ(State("a"), "CANCELLED");
  EXPECT_LE(Get("a").step(), 22);
  EXPECT_EQ(Get("a").artifacts_size(), 1);
  EXPECT_THAT(Watch("a"), ElementsAre("CANCELLED", "end"));
}

// The device has not heard its attempt number yet.
TEST_F(SchedulerTest, ACancelRightAfterTheClaimIsNotLost) {
  Submit("a", 100);
  bool once = false;
  store_->after = [&](const std::string& call) {
    if (call == "Claim" && !std::exchange(once, true)) {
      EXPECT_OK(sqlite_->Cancel("jobs/a"));
    }
  };
  RunAll();
  EXPECT_EQ(State("a"), "CANCELLED");
  EXPECT_EQ(Get("a").step(), 0);
}

TEST_F(SchedulerTest, ACancelDuringTheLastCommitWins) {
  Submit("a", 10);
  bool once = false;
  store_->hook = [&](const std::string& call) {
    if (call == "Finish" && !std::exchange(once, true)) {
      EXPECT_OK(sqlite_->Cancel("jobs/a"));
    }
    return absl::OkStatus();
  };
  RunAll();
  EXPECT_EQ(State("a"), "CANCELLED");
  EXPECT_EQ(Get("a").artifacts_size(), 1);
}

TEST_F(SchedulerTest, AForcedDeletionStopsTheRunAndEndsItsWatches) {
  Submit("a", 100);
  Submit("b", 1);
  v1::WatchJobRequest request;
  request.set_name("jobs/a");
  std::unique_ptr<Subscription> watch;
  engine_.OnStep(20, [&] {
    watch = OpenWatch(*sqlite_, *files_, *hub_, request).value();
    ASSERT_OK(store_->Delete("jobs/a", "", true));
  });
  int64_t steps = 0;
  engine_.OnStep(23, [&] { ++steps; });
  RunAll();
  EXPECT_EQ(steps, 0);
  EXPECT_THAT(store_->Get("jobs/a"), StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(State("b"), "SUCCEEDED");
  v1::JobEvent last;
  for (;;) {
    const Subscription::Taken taken = watch->Next([] {});
    ASSERT_NE(taken.kind, Subscription::Taken::Kind::kPending);
    if (taken.kind == Subscription::Taken::Kind::kEnded) break;
    last = taken.delivery.ToProto();
  }
  EXPECT_EQ(last.job().state(), v1::Job::CANCELLED);
}

// --- Pause and resume ---

TEST_F(SchedulerTest, APausedJobGoesOnWhereItStoppedWithTheSameResult) {
  Submit("a", 100);
  engine_.OnStep(40, [&] { ASSERT_OK(store_->Pause("jobs/a")); });
  RunAll();
  EXPECT_EQ(State("a"), "PAUSED");
  EXPECT_EQ(Get("a").checkpoint_step(), 40);
  ASSERT_OK(store_->Resume("jobs/a"));
  RunAll();
  EXPECT_EQ(State("a"), "SUCCEEDED");
  EXPECT_EQ(engine_.runs()[1].first_step, 40);
  EXPECT_EQ(Artifact("a"), FakeEngine::ResultOf(FakeSpec(100)));
}

TEST_F(SchedulerTest, AResumeRightAfterAPauseTakesItBack) {
  for (int i = 0; i < 15; ++i) {
    const std::string name = absl::StrCat("a", i);
    Submit(name, 100);
    bool once = false;
    engine_.OnStep(40, [&, name] {
      if (State(name) != "RUNNING" || std::exchange(once, true)) return;
      EXPECT_EQ(store_->Pause("jobs/" + name).value().job.state(),
                v1::Job::PAUSING);
      EXPECT_EQ(store_->Resume("jobs/" + name).value().job.state(),
                v1::Job::RUNNING);
    });
    RunAll();
    EXPECT_EQ(State(name), "SUCCEEDED");
    EXPECT_EQ(Artifact(name), FakeEngine::ResultOf(FakeSpec(100)));
  }
}

TEST_F(SchedulerTest, APauseRightAfterTheClaimIsNotLost) {
  Submit("a", 100);
  store_->after = [&, once = false](const std::string& call) mutable {
    if (call == "Claim" && !std::exchange(once, true)) {
      EXPECT_OK(store_->Pause("jobs/a"));
    }
  };
  RunAll();
  EXPECT_EQ(State("a"), "PAUSED");
  ASSERT_OK(store_->Resume("jobs/a"));
  RunAll();
  EXPECT_EQ(Artifact("a"), FakeEngine::ResultOf(FakeSpec(100)));
}

TEST_F(SchedulerTest, APauseFreesTheDevice) {
  Submit("a", 100);
  Submit("b", 3);
  engine_.OnStep(40, [&] { ASSERT_OK(store_->Pause("jobs/a")); });
  RunAll();
  EXPECT_EQ(State("b"), "SUCCEEDED");
}

TEST_F(SchedulerTest, ACancelBeatsAPauseAskedForBefore) {
  Submit("a", 100);
  engine_.OnStep(40, [&] {
    ASSERT_OK(store_->Pause("jobs/a"));
    ASSERT_OK(store_->Cancel("jobs/a"));
  });
  RunAll();
  EXPECT_EQ(State("a"), "CANCELLED");
}

TEST_F(SchedulerTest, AResumedJobWhoseCheckpointIsLostStartsAnew) {
  Submit("a", 100);
  engine_.OnStep(40, [&] {
    if (engine_.runs().size() == 1) {
      ASSERT_OK(store_->Pause("jobs/a"));
    }
  });
  RunAll();
  ASSERT_OK(files_->Delete(Get("a").checkpoint()));
  ASSERT_OK(store_->Resume("jobs/a"));
  RunAll();
  EXPECT_EQ(Artifact("a"), FakeEngine::ResultOf(FakeSpec(100)));
  EXPECT_THAT(Get("a").warnings(),
              ElementsAre(HasSubstr("checkpoint of step 40 is lost")));
}

// --- Full and absent stores ---

TEST_F(SchedulerTest, AResultWaitsForRoomOnAFullDisk) {
  for (const absl::Status& error :
       {absl::ResourceExhaustedError("No space left on device"),
        absl::UnavailableError("Too many open files")}) {
    const std::string name = absl::IsUnavailable(error) ? "b" : "a";
    Submit(name, 10);
    blobs_->put_error = error;
    RunAll();
    for (int i = 0; i < 100; ++i) {
      executor_->Advance(absl::Seconds(30));
      RunAll();
      ASSERT_EQ(State(name), "RUNNING");
    }
    blobs_->put_error = absl::OkStatus();
    executor_->Advance(absl::Seconds(30));
    RunAll();
    EXPECT_EQ(State(name), "SUCCEEDED");
    EXPECT_EQ(Artifact(name), FakeEngine::ResultOf(FakeSpec(10)));
  }
  EXPECT_EQ(engine_.runs().size(), 2u);
}

TEST_F(SchedulerTest, AJobThatWaitsForRoomIsCancelledAtOnce) {
  Submit("a", 10);
  Submit("b", 10);
  blobs_->put_error = absl::ResourceExhaustedError("No space left on device");
  RunAll();
  ASSERT_OK(store_->Cancel("jobs/a"));
  RunAll();
  EXPECT_EQ(State("a"), "CANCELLED");
  EXPECT_EQ(State("b"), "RUNNING");    // its end waits now
  EXPECT_EQ(executor_->delayed(), 2);  // one of them is of no use any more
  blobs_->put_error = absl::OkStatus();
  executor_->Advance(absl::Seconds(30));
  RunAll();
  EXPECT_EQ(State("b"), "SUCCEEDED");
}

TEST_F(SchedulerTest, ADrainOnAFullDiskHandsTheJobBackWithoutItsCheckpoint) {
  Submit("a", 100);
  engine_.OnStep(40, [&] {
    blobs_->put_error = absl::ResourceExhaustedError("No space left on device");
    EXPECT_FALSE(scheduler_->Drain(absl::ZeroDuration()).ok());
  });
  RunAll();
  EXPECT_EQ(State("a"), "QUEUED");
  EXPECT_THAT(Get("a").warnings(), ElementsAre(HasSubstr("No space left")));
}

TEST_F(SchedulerTest, AJobWithoutDescriptorsIsPutOffAndGoesOnLater) {
  engine_.FailAt(1, absl::UnavailableError("open: Too many open files"));
  Submit("a", 10);
  RunAll();
  EXPECT_EQ(State("a"), "QUEUED");
  EXPECT_EQ(engine_.runs().size(), 1u);  // not tried again at once
  engine_.FailAt(1, absl::OkStatus());
  executor_->Advance(absl::Seconds(1));
  RunAll();
  EXPECT_EQ(State("a"), "SUCCEEDED");
}

TEST_F(SchedulerTest, PuttingOffEndsThoughOtherEndsOfAttemptsDoNotCount) {
  Submit("a", 100);
  for (int i = 1; i <= kMaxPutOff + 1; ++i) {
    engine_.OnStep(3 * i, [&, at = i] {
      if (Get("a").attempt() != at) return;
      EXPECT_OK(store_->Pause("jobs/a"));
    });
  }
  for (int i = 0; i <= kMaxPutOff; ++i) {
    RunAll();
    ASSERT_OK(store_->Resume("jobs/a"));
  }
  engine_.FailAt(50, absl::UnavailableError("open: Too many open files"));
  for (int i = 0; i <= kMaxPutOff; ++i) {
    EXPECT_EQ(State("a"), "QUEUED") << i;
    executor_->Advance(absl::Seconds(30));
    RunAll();
  }
  EXPECT_EQ(State("a"), "FAILED");
  EXPECT_THAT(Get("a").warnings(), testing::SizeIs(kMaxPutOff));
}

TEST_F(SchedulerTest, AnEndThatCannotBeCommittedIsTriedUntilItCan) {
  jobs_per_device_ = 1;
  Start();
  Submit("a", 10);
  Submit("b", 10);
  bool full = true;
  store_->hook = [&](const std::string& call) {
    return full && call == "Finish" ? absl::ResourceExhaustedError("full")
                                    : absl::OkStatus();
  };
  RunAll();
  EXPECT_EQ(State("a"), "RUNNING");
  EXPECT_EQ(State("b"), "QUEUED");  // no other job is begun meanwhile
  executor_->Advance(absl::Seconds(1));
  RunAll();
  EXPECT_EQ(State("a"), "RUNNING");
  full = false;
  executor_->Advance(absl::Seconds(2));
  RunAll();
  EXPECT_EQ(State("a"), "SUCCEEDED");
  EXPECT_EQ(State("b"), "SUCCEEDED");
  EXPECT_EQ(engine_.runs().size(), 2u);
}

TEST_F(SchedulerTest, TriesGrowRareButNeverStop) {
  Submit("a", 10);
  int tries = 0;
  store_->hook = [&](const std::string& call) {
    tries += call == "Finish";
    return call == "Finish" ? absl::UnavailableError("away") : absl::OkStatus();
  };
  RunAll();
  const auto pass = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      executor_->Advance(absl::Seconds(1));
      RunAll();
    }
  };
  pass(60);
  EXPECT_THAT(tries, testing::AllOf(testing::Gt(4), testing::Lt(10)));
  const int before = tries;
  pass(300);
  EXPECT_EQ(tries, before + 10);
}

TEST_F(SchedulerTest, AQueueThatCannotBeReadIsReadAgain) {
  store_->hook = [](const std::string& call) {
    return call == "ListQueued" ? absl::UnavailableError("away")
                                : absl::OkStatus();
  };
  Submit("a", 10);
  RunAll();
  EXPECT_EQ(State("a"), "QUEUED");
  store_->hook = nullptr;
  executor_->Advance(absl::Seconds(1));
  RunAll();
  EXPECT_EQ(State("a"), "SUCCEEDED");
}

// --- Drain ---

TEST_F(SchedulerTest, DrainHandsTheRunningJobBackWithItsCheckpoint) {
  Submit("a", 100);
  Submit("b", 10);
  absl::Status drained;
  engine_.OnStep(30,
                 [&] { drained = scheduler_->Drain(absl::ZeroDuration()); });
  RunAll();
  // From inside the run the drain cannot have ended.
  EXPECT_THAT(drained, StatusIs(StatusCode::kDeadlineExceeded, "jobs/a"));
  EXPECT_OK(scheduler_->Drain(absl::ZeroDuration()));
  EXPECT_EQ(State("a"), "QUEUED");
  EXPECT_EQ(Get("a").checkpoint_step(), 30);
  EXPECT_EQ(State("b"), "QUEUED");
  Start();
  RunAll();
  EXPECT_EQ(Artifact("a"), FakeEngine::ResultOf(FakeSpec(100)));
  EXPECT_EQ(State("b"), "SUCCEEDED");
}

TEST_F(SchedulerTest, ADrainedSchedulerTakesNoJobs) {
  ASSERT_OK(scheduler_->Drain(absl::ZeroDuration()));
  Submit("a");
  RunAll();
  EXPECT_EQ(State("a"), "QUEUED");
}

TEST_F(SchedulerTest, DrainCommitsWhatWaits) {
  Submit("a", 10);
  store_->hook = [](const std::string& call) {
    return call == "Finish" ? absl::UnavailableError("away") : absl::OkStatus();
  };
  RunAll();
  EXPECT_THAT(scheduler_->Drain(absl::ZeroDuration()),
              StatusIs(StatusCode::kDeadlineExceeded));
  store_->hook = nullptr;
  RunAll();
  EXPECT_OK(scheduler_->Drain(absl::ZeroDuration()));
  EXPECT_EQ(State("a"), "SUCCEEDED");
}

// --- Watchers ---

TEST_F(SchedulerTest, WatchersSeeEveryStateOnce) {
  Submit("a", 20);
  v1::WatchJobRequest request;
  request.set_name("jobs/a");
  const auto watch = OpenWatch(*sqlite_, *files_, *hub_, request).value();
  engine_.OnStep(10, [&] { ASSERT_OK(store_->Pause("jobs/a")); });
  RunAll();
  ASSERT_OK(store_->Resume("jobs/a"));
  RunAll();
  std::vector<std::string> states;
  int64_t last = 0;
  for (;;) {
    const Subscription::Taken taken = watch->Next([] {});
    if (taken.kind != Subscription::Taken::Kind::kEvent) break;
    const v1::JobEvent event = taken.delivery.ToProto();
    EXPECT_GT(event.sequence(), last);
    last = event.sequence();
    if (event.has_job())
      states.push_back(v1::Job::State_Name(event.job().state()));
  }
  EXPECT_THAT(states, ElementsAre("QUEUED", "RUNNING", "PAUSING", "PAUSED",
                                  "QUEUED", "RUNNING", "SUCCEEDED"));
}

TEST_F(SchedulerTest, FramesAreMadeOnlyForWatchersAndAtTheEnd) {
  Submit("unseen", 100);
  RunAll();
  const int puts_unseen = blobs_->puts;
  EXPECT_EQ(puts_unseen, 2);  // the artifact and the last frame
  EXPECT_THAT(sqlite_->ListFrames("jobs/unseen", 10, "")->frames, IsEmpty());
}

TEST_F(SchedulerTest, KeptFramesCanBeListedAfterwards) {
  v1::JobSpec spec = FakeSpec(100);
  spec.mutable_frames()->set_every(10);
  spec.mutable_frames()->set_keep_every(3);
  Submit("a", spec);
  RunAll();
  std::vector<int64_t> steps;
  const FramePage page = sqlite_->ListFrames("jobs/a", 10, "").value();
  for (const KeptFrame& frame : page.frames) steps.push_back(frame.info.step());
  EXPECT_THAT(steps, ElementsAre(30, 60, 90));
}

}  // namespace
}  // namespace phosphene
