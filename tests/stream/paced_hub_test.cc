#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/stream/frame_hub.h"
#include "tests/support/fake_clock.h"
#include "tests/support/manual_executor.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::Milliseconds;
using absl::Seconds;
using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;
using TakenKind = Subscription::Taken::Kind;

v1::JobEvent State(v1::Job::State state, int64_t sequence) {
  v1::JobEvent event;
  event.set_sequence(sequence);
  event.mutable_job()->set_name("jobs/a");
  event.mutable_job()->set_state(state);
  return event;
}

// A reader of one watch: reads when woken, unless it hangs.
class Reader {
 public:
  // Called by the hub when it breaks a write off.
  std::function<void(const absl::Status&)> Cut() {
    return [this](const absl::Status& status) { cut_ = status; };
  }
  void Attach(std::unique_ptr<Subscription> watch) {
    watch_ = std::move(watch);
    Read();
  }
  void Read() {
    while (!hangs_) {
      const auto taken = watch_->Next([this] { Read(); });
      if (taken.kind == TakenKind::kPending) return;
      if (taken.kind == TakenKind::kEnded) {
        end_ = taken.status;
        words_.push_back(
            absl::StrCat("end: ", absl::StatusCodeToString(end_.code())));
        return;
      }
      const v1::JobEvent event = taken.delivery.ToProto();
      sequence_ = event.sequence();
      words_.push_back(
          event.has_frame()      ? absl::StrCat("f", event.frame().step())
          : event.has_progress() ? absl::StrCat("p", event.progress().step())
                                 : v1::Job::State_Name(event.job().state()));
      hangs_ = hangs_after_this_;
    }
  }
  // Never comes back from the next event it takes.
  void HangFromNow() { hangs_after_this_ = true; }

  std::vector<std::string> Words() { return std::exchange(words_, {}); }
  Subscription& watch() { return *watch_; }
  int64_t sequence() const { return sequence_; }
  const absl::Status& cut() const { return cut_; }
  const absl::Status& end() const { return end_; }

 private:
  std::unique_ptr<Subscription> watch_;
  std::vector<std::string> words_;
  int64_t sequence_ = 0;
  bool hangs_ = false;
  bool hangs_after_this_ = false;
  absl::Status cut_;
  absl::Status end_;
};

class PacedHubTest : public testing::Test {
 protected:
  absl::Status Attach(Reader& reader, FrameHub::WatchOptions options = {}) {
    options.cut = reader.Cut();
    auto watch = hub_.Subscribe("jobs/a", std::move(options));
    if (!watch.ok()) return watch.status();
    reader.Attach(*std::move(watch));
    return absl::OkStatus();
  }
  void Running() { hub_.PublishState(State(v1::Job::RUNNING, 1000)); }
  void Ends() { hub_.PublishState(State(v1::Job::SUCCEEDED, 2000)); }
  void Frame(int64_t step) {
    v1::Frame frame;
    frame.set_step(step);
    hub_.PublishFrame("jobs/a", frame);
  }
  void Progress(int64_t step) {
    v1::Progress progress;
    progress.set_step(step);
    hub_.PublishProgress("jobs/a", progress);
  }
  void Pass(absl::Duration time) {
    clock_.Advance(time);
    alarm_.Advance(time);
    alarm_.RunAll();
  }

  FakeClock clock_;
  ManualExecutor alarm_;
  FrameHub hub_{{.crowd = {.per_job = 3, .per_peer = 2},
                 .clock = &clock_,
                 .alarm = &alarm_}};
  Reader reader_;
};

TEST_F(PacedHubTest, TheAlarmWakesAWatchWhenItsNextFrameMayGo) {
  ASSERT_OK(Attach(reader_, {.pace = {.max_per_second = 10}}));
  Running();
  for (int i = 1; i <= 5; ++i) Frame(i);
  EXPECT_THAT(reader_.Words(), ElementsAre("RUNNING", "f1"));
  Pass(Milliseconds(99));
  EXPECT_THAT(reader_.Words(), IsEmpty());
  Pass(Milliseconds(1));
  EXPECT_THAT(reader_.Words(), ElementsAre("f5"));
  EXPECT_EQ(hub_.dropped_frames(), 3);
}

TEST_F(PacedHubTest, AClockSetBackDelaysNothing) {
  ASSERT_OK(Attach(reader_, {.pace = {.max_per_second = 10}}));
  Running();
  Frame(1);
  clock_.SetBack(absl::Hours(2));
  Frame(2);
  Pass(Milliseconds(100));
  EXPECT_THAT(reader_.Words(), ElementsAre("RUNNING", "f1", "f2"));
}

TEST_F(PacedHubTest, OneAlarmIsSetHoweverManyEventsWait) {
  ASSERT_OK(Attach(reader_, {.pace = {.max_per_second = 10}}));
  Running();
  for (int i = 1; i <= 50; ++i) {
    Frame(i);
    Progress(i);
  }
  EXPECT_LE(alarm_.delayed(), 2);
}

TEST_F(PacedHubTest, WhileNoWatchMayGetOneNoFrameIsWanted) {
  ASSERT_OK(Attach(reader_, {.pace = {.max_per_second = 10}}));
  Running();
  EXPECT_TRUE(hub_.WantsFrames("jobs/a"));
  Frame(1);
  EXPECT_FALSE(hub_.WantsFrames("jobs/a"));
  EXPECT_FALSE(hub_.WantsFrames("jobs/a"));
  EXPECT_EQ(hub_.dropped_frames(), 2) << "frames missed count";
  Reader fast;
  ASSERT_OK(Attach(fast));
  EXPECT_TRUE(hub_.WantsFrames("jobs/a"));
  fast.watch().Close();
  Pass(Milliseconds(80));
  EXPECT_TRUE(hub_.WantsFrames("jobs/a"));
  Frame(2);
  EXPECT_EQ(reader_.watch().Next([] {}).kind, TakenKind::kPending);
}

TEST_F(PacedHubTest, AcknowledgementsWakeAWatch) {
  ASSERT_OK(Attach(reader_, {.pace = {.acknowledged = true}}));
  Running();
  for (int i = 1; i <= 5; ++i) Frame(i);
  EXPECT_THAT(reader_.Words(), ElementsAre("RUNNING", "f1", "f2"));
  ASSERT_OK(reader_.watch().Acknowledge(reader_.sequence()));
  EXPECT_THAT(reader_.Words(), ElementsAre("f5"));
  EXPECT_THAT(reader_.watch().Acknowledge(1'000'000),
              StatusIs(StatusCode::kInvalidArgument));
  Frame(6);
  Frame(7);
  EXPECT_THAT(reader_.Words(), ElementsAre("f6"));
  reader_.watch().StopAcknowledging();
  EXPECT_THAT(reader_.Words(), ElementsAre("f7"));
}

TEST_F(PacedHubTest, TheEndComesToWhoNeverAcknowledges) {
  ASSERT_OK(Attach(reader_, {.pace = {.acknowledged = true}}));
  Running();
  for (int i = 1; i <= 5; ++i) Frame(i);
  Ends();
  EXPECT_THAT(reader_.Words(), ElementsAre("RUNNING", "f1", "f2"));
  Pass(Seconds(5));
  EXPECT_THAT(reader_.Words(), ElementsAre("SUCCEEDED", "end: OK"));
}

TEST_F(PacedHubTest, APausingJobGoesOnAndItsWatchToo) {
  ASSERT_OK(Attach(reader_));
  Running();
  hub_.PublishState(State(v1::Job::PAUSING, 1500));
  Frame(1);
  Progress(1);
  EXPECT_TRUE(hub_.LatestProgress("jobs/a").has_value());
  hub_.PublishState(State(v1::Job::PAUSED, 1600));
  EXPECT_THAT(reader_.Words(),
              ElementsAre("RUNNING", "PAUSING", "f1", "p1", "PAUSED"));
}

// --- Watches that are not read ---

TEST_F(PacedHubTest, AWatchNotReadIsEndedAWhileAfterTheJob) {
  ASSERT_OK(Attach(reader_));
  reader_.HangFromNow();
  Running();
  Pass(absl::Hours(1));
  EXPECT_OK(reader_.cut()) << "while the job runs it may stay";
  Ends();
  Pass(Seconds(29));
  EXPECT_OK(reader_.cut());
  Pass(Seconds(1));
  EXPECT_THAT(reader_.cut(),
              StatusIs(StatusCode::kResourceExhausted, "not read for 30s"));
  EXPECT_THAT(reader_.watch().Next([] {}).status,
              StatusIs(StatusCode::kResourceExhausted));
}

TEST_F(PacedHubTest, AWatchOpenedAfterTheEndAndNotReadIsEndedToo) {
  reader_.HangFromNow();
  FrameHub::WatchOptions options;
  options.cut = reader_.Cut();
  auto watch = hub_.Subscribe("jobs/a", std::move(options)).value();
  watch->Seed({State(v1::Job::SUCCEEDED, 2000)}, /*ended=*/true);
  reader_.Attach(std::move(watch));
  EXPECT_THAT(reader_.Words(), ElementsAre("SUCCEEDED"));
  Pass(Seconds(30));
  EXPECT_THAT(reader_.cut(), StatusIs(StatusCode::kResourceExhausted));
}

TEST_F(PacedHubTest, AWatchThatReadsSlowlyAfterTheEndIsLeftAlone) {
  auto watch = hub_.Subscribe("jobs/a", {}).value();
  Running();
  for (int i = 0; i < 20; ++i)
    hub_.PublishState(State(v1::Job::RUNNING, 1001 + i));
  Ends();
  for (int i = 0; i < 22; ++i) {
    EXPECT_EQ(watch->Next([] {}).kind, TakenKind::kEvent);
    Pass(Seconds(20));
  }
  EXPECT_OK(watch->Next([] {}).status);
}

TEST_F(PacedHubTest, ANewcomerTakesThePlaceOfTheOneNotReadForTheLongest) {
  std::vector<Reader> readers(3);
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(Attach(readers[i], {.peer = absl::StrCat("p", i)}));
    if (i > 0) readers[i].HangFromNow();
  }
  Running();
  Pass(Seconds(1));
  EXPECT_THAT(Attach(reader_, {.peer = "p9"}),
              StatusIs(StatusCode::kResourceExhausted, "3 watches"));
  Pass(Seconds(1));
  readers[1].watch().Next([] {});  // it read after all
  ASSERT_OK(Attach(reader_, {.peer = "p9"}));
  EXPECT_THAT(readers[2].cut(),
              StatusIs(StatusCode::kResourceExhausted, "others want to watch"));
  EXPECT_OK(readers[1].cut());
  EXPECT_THAT(readers[0].Words(), ElementsAre("RUNNING"));
  Frame(1);
  EXPECT_THAT(reader_.Words(), ElementsAre("f1"));
  EXPECT_EQ(hub_.watchers(), 4) << "until its reader has noticed";
  readers[2].watch().Close();
  EXPECT_EQ(hub_.watchers(), 3);
}

TEST_F(PacedHubTest, OneThatDoesNotAcknowledgeCountsAsNotRead) {
  Reader silent;
  ASSERT_OK(Attach(silent, {.pace = {.acknowledged = true}, .peer = "p"}));
  Reader other;
  ASSERT_OK(Attach(other, {.peer = "p"}));
  Running();
  for (int i = 1; i <= 3; ++i) Frame(i);
  EXPECT_THAT(Attach(reader_, {.peer = "p"}),
              StatusIs(StatusCode::kResourceExhausted, "one peer"));
  Pass(Seconds(2));
  ASSERT_OK(Attach(reader_, {.peer = "p"}));
  EXPECT_THAT(silent.end(), StatusIs(StatusCode::kResourceExhausted));
}

TEST_F(PacedHubTest, AWatchClosedInItsCutIsForgotten) {
  FrameHub::WatchOptions options;
  std::unique_ptr<Subscription> watch;
  options.cut = [&](const absl::Status&) { watch->Close(); };
  watch = hub_.Subscribe("jobs/a", std::move(options)).value();
  Running();
  EXPECT_EQ(watch->Next([] {}).kind, TakenKind::kEvent);
  Ends();
  Pass(Seconds(30));
  EXPECT_EQ(hub_.watchers(), 0);
}

TEST(PacedHubLifeTest, AnAlarmMayRingAfterTheHubIsGone) {
  ManualExecutor alarm;
  FakeClock clock;
  {
    FrameHub hub({.clock = &clock, .alarm = &alarm});
    auto watch =
        hub.Subscribe("jobs/a", {.pace = {.max_per_second = 1}}).value();
    hub.PublishState(State(v1::Job::RUNNING, 1000));
    watch->Next([] {});
    for (int i = 0; i < 2; ++i) {
      hub.PublishFrame("jobs/a", v1::Frame());
      watch->Next([] {});
    }
    EXPECT_EQ(alarm.delayed(), 1);
  }
  alarm.Advance(Seconds(10));
  alarm.RunAll();
}

}  // namespace
}  // namespace phosphene
