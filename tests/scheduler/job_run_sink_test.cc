#include "server/scheduler/job_run_sink.h"

#include "tests/scheduler/scheduler_fixture.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A claimed job and its sink; no device runs. Frames are encoded at once, or by
// executor_.
class JobRunSinkTest : public SchedulerFixture {
 protected:
  void SetUp() override { Start(/*devices=*/0); }
  void Claim(Executor* encoder = nullptr) {
    Submit("a", 100);
    job_ = store_->Claim("jobs/a", "devices/cpu-0").value();
    JobRunSink::Options options;
    options.store = store_.get();
    options.blobs = blobs_.get();
    options.hub = hub_.get();
    options.clock = &clock_;
    options.encoder = encoder;
    options.stop = [this] { stopped_ = true; };
    sink_ = std::make_unique<JobRunSink>(job_, options);
  }
  static Image8 Picture() { return {2, 2, 3, std::vector<uint8_t>(12, 100)}; }

  StoredJob job_;
  std::unique_ptr<JobRunSink> sink_;
  bool stopped_ = false;
};

TEST_F(JobRunSinkTest, AFrameNobodySeesIsNotWanted) {
  Claim();
  EXPECT_FALSE(sink_->WantsFrame(false));
  EXPECT_TRUE(sink_->WantsFrame(true));
  const auto watch = hub_->Subscribe("jobs/a", {}).value();
  EXPECT_TRUE(sink_->WantsFrame(false));
}

TEST_F(JobRunSinkTest, FramesThatAreMerelySeenComeTenTimesASecond) {
  Claim();
  const auto watch = hub_->Subscribe("jobs/a", {}).value();
  int wanted = 0;
  for (int i = 0; i < 1000; ++i) {
    wanted += sink_->WantsFrame(false);
    EXPECT_TRUE(sink_->WantsFrame(true));
    clock_.Advance(absl::Milliseconds(1));
  }
  EXPECT_EQ(wanted, JobRunSink::kFramesPerSecond);
}

TEST_F(JobRunSinkTest, AnEncoderThatIsLateShowsTheNewest) {
  Claim(executor_.get());
  for (int step : {5, 6, 7}) sink_->OnFrame(step, false, Picture());
  EXPECT_FALSE(sink_->last_frame().has_value());
  RunAll();
  EXPECT_THAT(Watch("a"), ElementsAre("RUNNING", "frame 7"));
}

TEST_F(JobRunSinkTest, FramesToBeKeptAreKeptHoweverLateTheEncoderIs) {
  Claim(executor_.get());
  std::vector<int64_t> all, kept;
  for (int step = 1; step <= 20; ++step) {
    all.push_back(step);
    sink_->OnFrame(step, true, Picture());
  }
  sink_->Flush();
  const FramePage page = sqlite_->ListFrames("jobs/a", 50, "").value();
  for (const KeptFrame& frame : page.frames) kept.push_back(frame.info.step());
  EXPECT_EQ(kept, all);
  EXPECT_EQ(sink_->last_frame()->frame.step(), 20);
  RunAll();  // the encoder finds nothing left to do
  EXPECT_EQ(sink_->last_frame()->sequence, job_.sequence + 20);
}

TEST_F(JobRunSinkTest, ACheckpointComesAfterTheFramesBeforeIt) {
  Claim(executor_.get());
  sink_->OnFrame(16, true, Picture());
  ASSERT_OK(sink_->OnCheckpoint(20, "state"));
  EXPECT_EQ(sqlite_->ListFrames("jobs/a", 10, "")->frames.size(), 1u);
}

TEST_F(JobRunSinkTest, ProgressAndFramesReachWatchers) {
  Claim();
  v1::Progress progress;
  progress.set_step(5);
  sink_->OnProgress(progress);
  sink_->OnFrame(5, false, Picture());
  EXPECT_THAT(Watch("a"), ElementsAre("RUNNING", "step 5", "frame 5"));
}

TEST_F(JobRunSinkTest, TheLastFrameIsRememberedWithItsSequence) {
  Claim();
  EXPECT_FALSE(sink_->last_frame().has_value());
  sink_->OnFrame(5, false, Picture());
  sink_->OnFrame(6, false, Picture());
  ASSERT_TRUE(sink_->last_frame().has_value());
  EXPECT_EQ(sink_->last_frame()->frame.step(), 6);
  EXPECT_EQ(sink_->last_frame()->sequence, job_.sequence + 2);
  EXPECT_EQ(sink_->last_frame()->frame.media_type(), "image/jpeg");
}

TEST_F(JobRunSinkTest, FramesAreKeptWhenTheEngineSaysSo) {
  Claim();
  sink_->OnFrame(16, false, Picture());
  sink_->OnFrame(32, true, Picture());
  const FramePage page = sqlite_->ListFrames("jobs/a", 10, "").value();
  ASSERT_EQ(page.frames.size(), 1u);
  EXPECT_EQ(page.frames[0].info.name(), "jobs/a/frames/32");
  EXPECT_OK(files_->Get(page.frames[0].blob));
  EXPECT_EQ(sink_->last_frame()->frame.name(), "jobs/a/frames/32");
}

TEST_F(JobRunSinkTest, TheLastFrameIsWantedThoughNobodySeesItNow) {
  Claim();
  v1::Progress progress;
  progress.set_step(99);
  sink_->OnProgress(progress);
  EXPECT_FALSE(sink_->WantsFrame(false));
  progress.set_step(100);
  sink_->OnProgress(progress);
  EXPECT_TRUE(sink_->WantsFrame(false));
  sink_->OnFrame(100, false, Picture());
  EXPECT_THAT(sqlite_->ListFrames("jobs/a", 10, "")->frames, IsEmpty());
}

TEST_F(JobRunSinkTest, ACheckpointIsABlobBeforeTheJobRefersToIt) {
  Claim();
  ASSERT_OK(sink_->OnCheckpoint(20, "state"));
  EXPECT_EQ(Get("a").checkpoint_step(), 20);
  EXPECT_THAT(files_->Get(Get("a").checkpoint()), IsOkAndHolds("state"));
}

TEST_F(JobRunSinkTest, WhatFindsNoRoomIsAWarning) {
  Claim();
  blobs_->put_error = absl::ResourceExhaustedError("disk full");
  EXPECT_OK(sink_->OnCheckpoint(20, "state"));
  sink_->OnFrame(16, true, Picture());
  EXPECT_THAT(
      sink_->warnings(),
      ElementsAre(HasSubstr("checkpoint of step 20 was not kept: disk full"),
                  HasSubstr("frame of step 16 was not kept")));
  EXPECT_FALSE(stopped_);
  EXPECT_TRUE(sink_->last_frame().has_value());
  EXPECT_EQ(sink_->last_frame()->frame.name(), "");
}

TEST_F(JobRunSinkTest, WarningsOfALongRunAreBounded) {
  Claim();
  blobs_->put_error = absl::ResourceExhaustedError("disk full");
  for (int i = 0; i < 1000; ++i) EXPECT_OK(sink_->OnCheckpoint(i, "state"));
  EXPECT_LE(sink_->warnings().size(), 20u);
}

TEST_F(JobRunSinkTest, AFencedWriteStopsTheRun) {
  Claim();
  ASSERT_OK(sqlite_->RecoverOrphans(3));
  sink_->OnFrame(16, true, Picture());
  EXPECT_TRUE(stopped_);
  EXPECT_THAT(sink_->OnCheckpoint(20, "state"), StatusIs(StatusCode::kAborted));
  EXPECT_EQ(Get("a").checkpoint(), "");
}

}  // namespace
}  // namespace phosphene
