// The part of the JobStore contract that frames, watches, listeners and garbage
// are.

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/jobs/job_store_suite.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// --- Frames ---

KeptFrame Frame(int64_t step, const std::string& blob) {
  KeptFrame frame;
  frame.info.set_step(step);
  frame.info.set_media_type("image/jpeg");
  frame.info.set_name(absl::StrCat("jobs/a/frames/", step));
  frame.blob = FakeBlob(blob);
  frame.sequence = step;
  return frame;
}

TEST_P(JobStoreSuite, KeptFramesAreListedByStepInPages) {
  In(v1::Job::RUNNING, "a");
  for (const int step : {32, 16, 48}) {
    ASSERT_OK(store().KeepFrame("jobs/a", 1, Frame(step, absl::StrCat(step))));
  }
  ASSERT_OK_AND_ASSIGN(const FramePage first,
                       store().ListFrames("jobs/a", 2, ""));
  ASSERT_EQ(first.frames.size(), 2u);
  EXPECT_EQ(first.frames[0].info.name(), "jobs/a/frames/16");
  EXPECT_EQ(first.frames[1].blob, FakeBlob("32"));
  ASSERT_OK_AND_ASSIGN(const FramePage rest,
                       store().ListFrames("jobs/a", 2, first.next_page_token));
  ASSERT_EQ(rest.frames.size(), 1u);
  EXPECT_EQ(rest.frames[0].info.step(), 48);
  EXPECT_EQ(rest.next_page_token, "");
  Submit("b");
  EXPECT_THAT(store().ListFrames("jobs/b", 2, first.next_page_token),
              StatusIs(StatusCode::kInvalidArgument, "page_token"));
}

TEST_P(JobStoreSuite, AFrameIsGotByItsStep) {
  In(v1::Job::RUNNING, "a");
  ASSERT_OK(store().KeepFrame("jobs/a", 1, Frame(16, "first")));
  ASSERT_OK(store().KeepFrame("jobs/a", 1, Frame(16, "again")));
  ASSERT_OK_AND_ASSIGN(const KeptFrame frame, store().GetFrame("jobs/a", 16));
  EXPECT_EQ(frame.blob, FakeBlob("again"));
  EXPECT_THAT(store().GetFrame("jobs/a", 17),
              StatusIs(StatusCode::kNotFound, "jobs/a/frames/17"));
  EXPECT_THAT(Garbage(), ElementsAre(FakeBlob("first")));
}

// --- Watching ---

TEST_P(JobStoreSuite, SequencesGrowWithEveryStateChangeOverRestarts) {
  int64_t last = 0;
  const auto expect_growth = [&] {
    const int64_t sequence = store().Get("jobs/a").value().sequence;
    EXPECT_EQ(sequence, last + kSequencesPerChange);
    last = sequence;
  };
  Submit("a");
  expect_growth();
  Claim("a");
  expect_growth();
  Open();
  ASSERT_OK(store().RecoverOrphans(3));
  expect_growth();
  Claim("a");
  expect_growth();
  ASSERT_OK(store().Cancel("jobs/a"));
  expect_growth();
}

// States of the events a watch after `sequence` begins with.
std::vector<v1::Job::State> StatesOf(const WatchStart& start) {
  std::vector<v1::Job::State> states;
  for (const v1::JobEvent& event : start.events)
    states.push_back(event.job().state());
  return states;
}

TEST_P(JobStoreSuite, AWatchBeginsWithThePresentState) {
  In(v1::Job::RUNNING, "a");
  JobChanges changes;
  changes.priority = 9;
  ASSERT_OK(store().Update("jobs/a", changes));
  ASSERT_OK_AND_ASSIGN(const WatchStart start, store().StartWatch("jobs/a", 0));
  ASSERT_THAT(StatesOf(start), ElementsAre(v1::Job::RUNNING));
  EXPECT_EQ(start.events[0].sequence(), 2 * kSequencesPerChange);
  EXPECT_EQ(start.events[0].job().priority(), 9);
  EXPECT_FALSE(start.events[0].job().has_spec());
  EXPECT_FALSE(start.ended);
}

TEST_P(JobStoreSuite, AWatchThatComesBackMissesNoStateChange) {
  In(v1::Job::RUNNING, "a");
  ASSERT_OK(store().Finish("jobs/a", 1, v1::Job::RUNNING, Stopped()));
  Claim("a");
  ASSERT_OK(store().Finish("jobs/a", 2, v1::Job::RUNNING, Succeeded()));
  Open();
  const auto after = [&](int64_t sequence) {
    return StatesOf(store().StartWatch("jobs/a", sequence).value());
  };
  EXPECT_THAT(after(1 * kSequencesPerChange),
              ElementsAre(v1::Job::RUNNING, v1::Job::QUEUED, v1::Job::RUNNING,
                          v1::Job::SUCCEEDED));
  EXPECT_THAT(
      after(2 * kSequencesPerChange + 77),
      ElementsAre(v1::Job::QUEUED, v1::Job::RUNNING, v1::Job::SUCCEEDED));
  EXPECT_THAT(after(5 * kSequencesPerChange), IsEmpty());
  EXPECT_TRUE(
      store().StartWatch("jobs/a", 5 * kSequencesPerChange).value().ended);
}

TEST_P(JobStoreSuite, AnEndedJobHasItsLastFrame) {
  In(v1::Job::RUNNING, "a");
  RunOutcome outcome = Succeeded();
  outcome.last_frame = Frame(100, "last");
  outcome.last_frame->sequence = 2 * kSequencesPerChange + 5;
  ASSERT_OK(store().Finish("jobs/a", 1, v1::Job::RUNNING, outcome));
  Open();
  ASSERT_OK_AND_ASSIGN(const WatchStart start, store().StartWatch("jobs/a", 0));
  ASSERT_TRUE(start.last_frame.has_value());
  EXPECT_EQ(start.last_frame->blob, FakeBlob("last"));
  EXPECT_EQ(start.last_frame->sequence, 2 * kSequencesPerChange + 5);
  EXPECT_EQ(start.last_frame->info.step(), 100);
}

TEST_P(JobStoreSuite, SequencesThatNeverWereAreRefused) {
  Submit("a");
  EXPECT_OK(store().StartWatch("jobs/a", 2 * kSequencesPerChange - 1));
  EXPECT_THAT(store().StartWatch("jobs/a", 2 * kSequencesPerChange),
              StatusIs(StatusCode::kInvalidArgument, "after_sequence"));
  EXPECT_THAT(store().StartWatch("jobs/a", -1),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_P(JobStoreSuite, EventsOfAJobAreBounded) {
  Submit("a");
  for (int i = 0; i < 150; ++i) {
    ASSERT_OK(store().Pause("jobs/a"));
    ASSERT_OK(store().Resume("jobs/a"));
  }
  ASSERT_OK_AND_ASSIGN(const WatchStart start, store().StartWatch("jobs/a", 1));
  EXPECT_EQ(start.events.size(), 100u);
  EXPECT_EQ(start.events.back().sequence(), 301 * kSequencesPerChange);
}

TEST_P(JobStoreSuite, TheListenerHearsEveryChangeInOrder) {
  std::vector<std::pair<v1::Job::State, int64_t>> heard;
  store().SetListener([&](const StoredJob& stored) {
    heard.emplace_back(stored.job.state(),
                       stored.sequence / kSequencesPerChange);
    EXPECT_FALSE(stored.job.has_spec());
  });
  Submit("a");
  Claim("a");
  ASSERT_OK(store().SaveCheckpoint("jobs/a", 1,
                                   {FakeBlob("c"), 1}));  // no change of state
  ASSERT_OK(store().Pause("jobs/a"));
  ASSERT_OK(store().Pause("jobs/a"));  // nothing changes
  ASSERT_OK(store().Finish("jobs/a", 1, v1::Job::PAUSING, Stopped()));
  ASSERT_OK(store().Delete("jobs/a", "", true));
  store().SetListener(nullptr);
  Submit("b");
  using P = std::pair<v1::Job::State, int64_t>;
  EXPECT_THAT(heard, ElementsAre(P(v1::Job::QUEUED, 1), P(v1::Job::RUNNING, 2),
                                 P(v1::Job::PAUSING, 3), P(v1::Job::PAUSED, 4),
                                 P(v1::Job::CANCELLED, 5)));
}

TEST_P(JobStoreSuite, FailedCallsTellTheListenerNothing) {
  In(v1::Job::SUCCEEDED, "a");
  int heard = 0;
  store().SetListener([&](const StoredJob&) { ++heard; });
  EXPECT_FALSE(store().Cancel("jobs/a").ok());
  EXPECT_FALSE(store().Claim("jobs/a", "d").ok());
  EXPECT_FALSE(store().Create(Request("a")).ok());
  store().SetListener(nullptr);
  EXPECT_EQ(heard, 0);
}

// --- Blobs ---

TEST_P(JobStoreSuite, BlobsOfADeletedJobBecomeGarbageUnlessShared) {
  NewJob shared = Request("b");
  shared.job.mutable_spec()
      ->mutable_parameterization()
      ->mutable_mask()
      ->set_image(FakeBlob("image"));
  Submit(shared);
  In(v1::Job::RUNNING, "a");
  RunOutcome outcome = Succeeded();  // artifact "image"
  outcome.last_frame = Frame(100, "last");
  ASSERT_OK(store().KeepFrame("jobs/a", 1, Frame(16, "kept")));
  ASSERT_OK(store().Finish("jobs/a", 1, v1::Job::RUNNING, outcome));
  EXPECT_THAT(Garbage(), IsEmpty());
  ASSERT_OK(store().Delete("jobs/a", "", false));
  EXPECT_THAT(Garbage(),
              UnorderedElementsAre(FakeBlob("kept"), FakeBlob("last")));
  ASSERT_OK(store().Delete("jobs/b", "", true));
  EXPECT_THAT(Garbage(), testing::Contains(FakeBlob("image")));
}

TEST_P(JobStoreSuite,
       ReplacedCheckpointsBecomeGarbageAndAllOnceTheJobSucceeds) {
  In(v1::Job::RUNNING, "a");
  ASSERT_OK(store().SaveCheckpoint("jobs/a", 1, {FakeBlob("c1"), 10}));
  ASSERT_OK(store().SaveCheckpoint("jobs/a", 1, {FakeBlob("c2"), 20}));
  EXPECT_THAT(Garbage(), ElementsAre(FakeBlob("c1")));
  ASSERT_OK(store().Finish("jobs/a", 1, v1::Job::RUNNING, Succeeded()));
  EXPECT_THAT(Garbage(), UnorderedElementsAre(FakeBlob("c1"), FakeBlob("c2")));
  EXPECT_EQ(Get("a").checkpoint(), "");
}

TEST_P(JobStoreSuite, AFailedJobKeepsItsCheckpoint) {
  In(v1::Job::RUNNING, "a");
  ASSERT_OK(store().SaveCheckpoint("jobs/a", 1, {FakeBlob("c"), 10}));
  RunOutcome outcome;
  outcome.kind = RunOutcome::Kind::kFailed;
  outcome.error = absl::InternalError("broke");
  ASSERT_OK(store().Finish("jobs/a", 1, v1::Job::RUNNING, outcome));
  EXPECT_EQ(Get("a").checkpoint(), FakeBlob("c"));
  EXPECT_THAT(Garbage(), IsEmpty());
}

TEST_P(JobStoreSuite, GarbageIsListedByAgeAndComesBackToUse) {
  In(v1::Job::SUCCEEDED, "a");
  ASSERT_OK(store().Delete("jobs/a", "", false));
  const absl::Time dropped = clock_.Now();
  EXPECT_THAT(store().ListGarbage(dropped, 10), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(store().ListGarbage(dropped + absl::Seconds(1), 10),
              IsOkAndHolds(ElementsAre(FakeBlob("image"))));
  NewJob user = Request("b");
  user.job.mutable_spec()
      ->mutable_parameterization()
      ->mutable_mask()
      ->set_image(FakeBlob("image"));
  Submit(user);
  EXPECT_THAT(Garbage(), IsEmpty());
}

TEST_P(JobStoreSuite, BlobsInUseAreToldFromOthers) {
  NewJob user = Request("a");
  user.job.mutable_spec()
      ->mutable_parameterization()
      ->mutable_mask()
      ->set_image(FakeBlob("mask"));
  Submit(user);
  In(v1::Job::RUNNING, "b");
  ASSERT_OK(store().SaveCheckpoint("jobs/b", 1, {FakeBlob("c"), 10}));
  EXPECT_THAT(
      store().UsedBlobs(
          {FakeBlob("mask"), FakeBlob("stranger"), FakeBlob("c")}),
      IsOkAndHolds(UnorderedElementsAre(FakeBlob("mask"), FakeBlob("c"))));
  ASSERT_OK(store().Delete("jobs/a", "", /*force=*/true));
  EXPECT_THAT(store().UsedBlobs({FakeBlob("mask")}), IsOkAndHolds(IsEmpty()));
}

TEST_P(JobStoreSuite, ForgottenGarbageIsListedNoMore) {
  In(v1::Job::SUCCEEDED, "a");
  ASSERT_OK(store().Delete("jobs/a", "", false));
  ASSERT_OK(store().ForgetGarbage(Garbage()));
  EXPECT_THAT(Garbage(), IsEmpty());
}

}  // namespace
}  // namespace phosphene
