#include "server/stream/frame_hub.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/mutex.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;
using TakenKind = Subscription::Taken::Kind;

constexpr int64_t kChange = 1000;  // sequences between state changes here

v1::JobEvent State(v1::Job::State state, int64_t change,
                   const std::string& job = "jobs/a") {
  v1::JobEvent event;
  event.set_sequence(change * kChange);
  event.mutable_job()->set_name(job);
  event.mutable_job()->set_state(state);
  return event;
}

v1::Frame Picture(int64_t step, size_t bytes = 10) {
  v1::Frame frame;
  frame.set_step(step);
  frame.set_image(std::string(bytes, 'x'));
  return frame;
}

v1::Progress Step(int64_t step) {
  v1::Progress progress;
  progress.set_step(step);
  return progress;
}

// What an event says, in a word: its state, "frame 3", "step 3".
std::string Word(const v1::JobEvent& event) {
  if (event.has_frame()) return absl::StrCat("frame ", event.frame().step());
  if (event.has_progress())
    return absl::StrCat("step ", event.progress().step());
  return v1::Job::State_Name(event.job().state());
}

// Takes all there is; "end: CODE" for an end.
std::vector<std::string> Read(Subscription& watch) {
  std::vector<std::string> words;
  for (;;) {
    const Subscription::Taken taken = watch.Next([] {});
    if (taken.kind == TakenKind::kPending) return words;
    if (taken.kind == TakenKind::kEnded) {
      words.push_back(
          absl::StrCat("end: ", absl::StatusCodeToString(taken.status.code())));
      return words;
    }
    words.push_back(Word(taken.delivery.ToProto()));
  }
}

class FrameHubTest : public testing::Test {
 protected:
  std::unique_ptr<Subscription> Watch(FrameHub::WatchOptions options = {},
                                      const std::string& job = "jobs/a") {
    auto watch = hub_.Subscribe(job, options);
    EXPECT_OK(watch);
    return *std::move(watch);
  }
  void Running() { hub_.PublishState(State(v1::Job::RUNNING, 2)); }

  FakeClock clock_;
  FrameHub hub_{
      {.crowd = {.per_job = 3}, .last_frame_bytes = 1000, .clock = &clock_}};
};

TEST_F(FrameHubTest, AWatcherSeesWhatHappens) {
  const auto watch = Watch();
  Running();
  hub_.PublishProgress("jobs/a", Step(1));
  hub_.PublishFrame("jobs/a", Picture(1));
  EXPECT_THAT(Read(*watch), ElementsAre("RUNNING", "step 1", "frame 1"));
  hub_.PublishState(State(v1::Job::SUCCEEDED, 3));
  EXPECT_THAT(Read(*watch), ElementsAre("SUCCEEDED", "end: OK"));
}

TEST_F(FrameHubTest, EventsOfARunCarryTheSequencesAfterItsState) {
  const auto watch = Watch();
  Running();
  EXPECT_EQ(hub_.PublishProgress("jobs/a", Step(1)), 2 * kChange + 1);
  EXPECT_EQ(hub_.PublishFrame("jobs/a", Picture(1)), 2 * kChange + 2);
  clock_.Advance(absl::Milliseconds(1500));
  hub_.PublishProgress("jobs/a", Step(2));
  Subscription::Taken taken;
  for (int i = 0; i < 3; ++i) taken = watch->Next([] {});
  const v1::JobEvent event = taken.delivery.ToProto();
  EXPECT_EQ(event.sequence(), 2 * kChange + 3);
  EXPECT_EQ(event.time().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_EQ(event.time().nanos(), 500'000'000);
}

TEST_F(FrameHubTest, ARunThatNobodyAnnouncedReportsNothing) {
  const auto watch = Watch();
  EXPECT_EQ(hub_.PublishFrame("jobs/a", Picture(1)), 0);
  EXPECT_EQ(hub_.PublishProgress("jobs/a", Step(1)), 0);
  hub_.PublishState(State(v1::Job::PAUSED, 2));
  EXPECT_EQ(hub_.PublishFrame("jobs/a", Picture(1)), 0);
  EXPECT_THAT(Read(*watch), ElementsAre("PAUSED"));
}

TEST_F(FrameHubTest, TheSpecIsLeftOut) {
  const auto watch = Watch();
  v1::JobEvent event = State(v1::Job::RUNNING, 2);
  *event.mutable_job()->mutable_spec() = FakeSpec(1);
  hub_.PublishState(event);
  EXPECT_FALSE(watch->Next([] {}).delivery.ToProto().job().has_spec());
}

TEST_F(FrameHubTest, AWatcherWhoComesLateSeesTheLatestFrameAndProgress) {
  Running();
  for (int i = 1; i <= 3; ++i) {
    hub_.PublishProgress("jobs/a", Step(i));
    hub_.PublishFrame("jobs/a", Picture(i));
  }
  EXPECT_THAT(Read(*Watch()), ElementsAre("step 3", "frame 3"));
  EXPECT_THAT(Read(*Watch({.omit_frames = true})), ElementsAre("step 3"));
  EXPECT_THAT(Read(*Watch({.after_sequence = 2 * kChange + 5})),
              ElementsAre("frame 3"));
  EXPECT_THAT(Read(*Watch({.after_sequence = 2 * kChange + 6})), IsEmpty());
}

TEST_F(FrameHubTest, ASlowWatcherGetsTheNewestFrameAndTheCountOfTheRest) {
  const auto watch = Watch();
  Running();
  for (int i = 1; i <= 50; ++i) hub_.PublishFrame("jobs/a", Picture(i));
  EXPECT_EQ(watch->Next([] {}).delivery.dropped_frames, 49);
  const Subscription::Taken taken = watch->Next([] {});
  EXPECT_EQ(taken.delivery.ToProto().frame().step(), 50);
  EXPECT_EQ(taken.delivery.ToProto().dropped_frames(), 49);
  EXPECT_EQ(hub_.dropped_frames(), 49);
}

TEST_F(FrameHubTest, AWatcherThatNeverReadsHoldsOneFrame) {
  const auto idle = Watch();
  Running();
  std::weak_ptr<const HubEvent> first;
  {
    const auto other = Watch();
    hub_.PublishFrame("jobs/a", Picture(1));
    first = other->Next([] {}).delivery.event;
    ASSERT_NE(first.lock(), nullptr);
  }
  hub_.PublishFrame("jobs/a", Picture(2));
  EXPECT_EQ(first.lock(), nullptr);
}

TEST_F(FrameHubTest, WatchersShareTheBytesOfAnEvent) {
  const auto a = Watch();
  const auto b = Watch();
  Running();
  EXPECT_EQ(a->Next([] {}).delivery.event, b->Next([] {}).delivery.event);
}

TEST_F(FrameHubTest, RawBytesAndTailAreTheMessage) {
  const auto watch = Watch();
  Running();
  for (int i = 1; i <= 3; ++i) hub_.PublishFrame("jobs/a", Picture(i));
  watch->Next([] {});
  const Delivery delivery = watch->Next([] {}).delivery;
  v1::JobEvent joined;
  ASSERT_TRUE(joined.ParseFromString(delivery.event->wire + delivery.Tail()));
  EXPECT_EQ(joined.SerializeAsString(), delivery.ToProto().SerializeAsString());
  EXPECT_EQ(joined.dropped_frames(), 2);
}

TEST_F(FrameHubTest, FramesAreWantedWhileSomebodyTakesThem) {
  Running();
  EXPECT_FALSE(hub_.WantsFrames("jobs/a"));
  const auto blind = Watch({.omit_frames = true});
  EXPECT_FALSE(hub_.WantsFrames("jobs/a"));
  {
    const auto watch = Watch();
    EXPECT_TRUE(hub_.WantsFrames("jobs/a"));
    EXPECT_FALSE(hub_.WantsFrames("jobs/b"));
    EXPECT_EQ(hub_.watchers(), 2);
  }
  EXPECT_FALSE(hub_.WantsFrames("jobs/a"));
  EXPECT_EQ(hub_.watchers(), 1);
}

TEST_F(FrameHubTest, WatchersOfAJobAreBounded) {
  const auto a = Watch(), b = Watch(), c = Watch();
  EXPECT_THAT(hub_.Subscribe("jobs/a", {}),
              StatusIs(StatusCode::kResourceExhausted, "3 watches"));
  EXPECT_OK(hub_.Subscribe("jobs/b", {}));
}

TEST_F(FrameHubTest, JobsDoNotMix) {
  const auto a = Watch();
  const auto b = Watch({}, "jobs/b");
  Running();
  hub_.PublishFrame("jobs/a", Picture(1));
  EXPECT_THAT(Read(*b), IsEmpty());
  EXPECT_THAT(Read(*a), ElementsAre("RUNNING", "frame 1"));
}

TEST_F(FrameHubTest, AnOldStateIsNotPublishedAgain) {
  const auto watch = Watch();
  hub_.PublishState(State(v1::Job::RUNNING, 4));
  hub_.PublishState(State(v1::Job::QUEUED, 3));
  hub_.PublishState(State(v1::Job::RUNNING, 4));
  EXPECT_THAT(Read(*watch), ElementsAre("RUNNING"));
}

TEST_F(FrameHubTest, AJobThatTakesTheNameOfADeletedOneStartsAnew) {
  hub_.PublishState(State(v1::Job::RUNNING, 5));
  hub_.PublishFrame("jobs/a", Picture(7));
  hub_.PublishState(State(v1::Job::CANCELLED, 6));
  v1::JobEvent queued = State(v1::Job::QUEUED, 1);
  queued.mutable_job()->mutable_create_time()->set_seconds(9);
  v1::JobEvent running = State(v1::Job::RUNNING, 2);
  running.mutable_job()->mutable_create_time()->set_seconds(9);
  hub_.PublishState(queued);
  const auto watch = Watch();
  hub_.PublishState(running);
  hub_.PublishFrame("jobs/a", Picture(1));
  EXPECT_THAT(Read(*watch), ElementsAre("RUNNING", "frame 1"));
}

// --- The past ---

TEST_F(FrameHubTest, ThePastComesFirstAndNothingTwice) {
  const auto watch = Watch({.after_sequence = 1});
  hub_.PublishState(
      State(v1::Job::RUNNING, 4));  // between attaching and seeding
  hub_.PublishState(State(v1::Job::SUCCEEDED, 5));
  watch->Seed({State(v1::Job::RUNNING, 2), State(v1::Job::QUEUED, 3),
               State(v1::Job::RUNNING, 4)},
              /*ended=*/false);
  EXPECT_THAT(Read(*watch), ElementsAre("RUNNING", "QUEUED", "RUNNING",
                                        "SUCCEEDED", "end: OK"));
}

TEST_F(FrameHubTest, AnEndedJobIsReplayedAndEnds) {
  v1::JobEvent frame;
  frame.set_sequence(2 * kChange + 9);
  *frame.mutable_frame() = Picture(100);
  const auto watch = Watch();
  watch->Seed({State(v1::Job::SUCCEEDED, 3), frame}, /*ended=*/true);
  EXPECT_THAT(Read(*watch), ElementsAre("frame 100", "SUCCEEDED", "end: OK"));
}

TEST_F(FrameHubTest, AnEndThatWasSeenIsNotToldTwice) {
  const auto watch = Watch({.after_sequence = 3 * kChange});
  watch->Seed({}, /*ended=*/true);
  EXPECT_THAT(Read(*watch), ElementsAre("end: OK"));
}

// --- Waking ---

TEST_F(FrameHubTest, APendingWatcherIsWokenOnce) {
  const auto watch = Watch();
  int woken = 0;
  EXPECT_EQ(watch->Next([&] { ++woken; }).kind, TakenKind::kPending);
  Running();
  EXPECT_EQ(woken, 1);
  hub_.PublishProgress("jobs/a", Step(1));
  EXPECT_EQ(woken, 1);
}

TEST_F(FrameHubTest, AWatcherThatTookAnEventIsNotWoken) {
  const auto watch = Watch();
  Running();
  int woken = 0;
  EXPECT_EQ(watch->Next([&] { ++woken; }).kind, TakenKind::kEvent);
  hub_.PublishProgress("jobs/a", Step(1));
  EXPECT_EQ(woken, 0);
}

TEST_F(FrameHubTest, ALaterWakeReplacesTheOneBefore) {
  const auto watch = Watch();
  int first = 0, second = 0;
  watch->Next([&] { ++first; });
  watch->Next([&] { ++second; });
  Running();
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
}

TEST_F(FrameHubTest, AWakeMayReadWaitCloseAndPublish) {
  const auto watch = Watch();
  std::vector<std::string> words;
  std::function<void()> wake = [&] {
    for (const std::string& word : Read(*watch)) words.push_back(word);
    if (words.size() < 3) {
      watch->Next([&] { wake(); });
      hub_.PublishProgress("jobs/a", Step(words.size()));
    } else {
      watch->Close();
    }
  };
  watch->Next([&] { wake(); });
  Running();
  EXPECT_THAT(words, ElementsAre("RUNNING", "step 1", "step 2"));
  EXPECT_EQ(watch->Next([] {}).kind, TakenKind::kEnded);
}

TEST_F(FrameHubTest, AClosedWatchIsOverAndNeverWoken) {
  const auto watch = Watch();
  int woken = 0;
  watch->Next([&] { ++woken; });
  watch->Close();
  watch->Close();
  Running();
  EXPECT_EQ(woken, 0);
  EXPECT_THAT(watch->Next([] {}).status, StatusIs(StatusCode::kCancelled));
}

// What a wake holds may close other watches when it is dropped.
TEST_F(FrameHubTest, AWakeMayHoldAnotherWatch) {
  std::shared_ptr<Subscription> other = Watch();
  const auto watch = Watch();
  watch->Next([other] {});
  other.reset();
  EXPECT_EQ(hub_.watchers(), 2);
  watch->Next([] {});
  EXPECT_EQ(hub_.watchers(), 1);
}

TEST_F(FrameHubTest, CloseWaitsForAWakeThatRuns) {
  const auto watch = Watch();
  Mutex mu;
  CondVar changed;
  bool inside = false, release = false;
  std::atomic<bool> closing = false, closed = false;
  watch->Next([&] {
    MutexLock lock(&mu);
    inside = true;
    changed.SignalAll();
    while (!release) changed.Wait(&mu);
  });
  std::thread publisher([&] { Running(); });
  {
    MutexLock lock(&mu);
    while (!inside) changed.Wait(&mu);
  }
  std::thread closer([&] {
    closing = true;
    watch->Close();
    closed = true;
  });
  while (!closing) std::this_thread::yield();
  for (int i = 0; i < 1000; ++i) {
    std::this_thread::yield();
    EXPECT_FALSE(closed);
  }
  {
    MutexLock lock(&mu);
    release = true;
    changed.SignalAll();
  }
  publisher.join();
  closer.join();
}

// --- Going away ---

TEST_F(FrameHubTest, CloseAllEndsWatchesAfterWhatTheyHave) {
  const auto watch = Watch();
  Running();
  hub_.CloseAll(absl::UnavailableError("the server goes away"));
  EXPECT_THAT(Read(*watch), ElementsAre("RUNNING", "end: UNAVAILABLE"));
  EXPECT_THAT(hub_.Subscribe("jobs/a", {}), StatusIs(StatusCode::kUnavailable));
}

TEST_F(FrameHubTest, CloseAllWakes) {
  const auto watch = Watch();
  int woken = 0;
  watch->Next([&] { ++woken; });
  hub_.CloseAll(absl::UnavailableError("away"));
  EXPECT_EQ(woken, 1);
}

TEST(FrameHubLifeTest, AWatchMayOutliveItsHub) {
  auto hub = std::make_unique<FrameHub>();
  const auto watch = hub->Subscribe("jobs/a", {}).value();
  hub.reset();
  EXPECT_THAT(Read(*watch), ElementsAre("end: UNAVAILABLE"));
}

// --- Memory ---

TEST_F(FrameHubTest, LastFramesAreKeptWithinTheirBudget) {
  for (int i = 0; i < 10; ++i) {
    const std::string job = absl::StrCat("jobs/j", i);
    hub_.PublishState(State(v1::Job::RUNNING, 2, job));
    hub_.PublishFrame(job, Picture(i, 300));
    hub_.PublishState(State(v1::Job::PAUSED, 3, job));
  }
  int kept = 0;
  for (int i = 0; i < 10; ++i) {
    const auto words = Read(*Watch({}, absl::StrCat("jobs/j", i)));
    kept += !words.empty();
    if (i == 9) {
      EXPECT_THAT(words, ElementsAre("frame 9"));
    }
  }
  EXPECT_EQ(kept, 3);
}

TEST_F(FrameHubTest, AFrameAboveTheBudgetIsSeenByThoseThere) {
  const auto watch = Watch();
  Running();
  hub_.PublishFrame("jobs/a", Picture(1, 5000));
  EXPECT_THAT(Read(*watch), ElementsAre("RUNNING", "frame 1"));
  EXPECT_THAT(Read(*Watch()), IsEmpty());
}

TEST_F(FrameHubTest, LiveProgressIsThatOfTheRun) {
  EXPECT_FALSE(hub_.LatestProgress("jobs/a").has_value());
  Running();
  hub_.PublishProgress("jobs/a", Step(7));
  EXPECT_EQ(hub_.LatestProgress("jobs/a")->step(), 7);
  hub_.PublishState(State(v1::Job::PAUSED, 3));
  EXPECT_FALSE(hub_.LatestProgress("jobs/a").has_value());
}

// --- Threads ---

// Watchers come, read, go and come back with the last sequence they saw, while
// a run reports: each sees sequences grow and the final state exactly once.
TEST(FrameHubThreadsTest, WatchersThatComeAndGoSeeTheEndOnce) {
  FrameHub hub;
  std::atomic<bool> ended = false;
  hub.PublishState(State(v1::Job::RUNNING, 2));
  const auto watcher = [&](int reads) {
    int64_t last = 0;
    int finals = 0;
    bool over = false;
    while (!over) {
      auto watch = hub.Subscribe("jobs/a", {.after_sequence = last}).value();
      const bool was_ended = ended;
      std::vector<v1::JobEvent> past = {
          State(was_ended ? v1::Job::SUCCEEDED : v1::Job::RUNNING,
                was_ended ? 9 : 2)};
      watch->Seed(past, was_ended);
      for (int i = 0; i < reads && !over; ++i) {
        const Subscription::Taken taken = watch->Next([] {});
        over = taken.kind == TakenKind::kEnded;
        if (taken.kind != TakenKind::kEvent) {
          std::this_thread::yield();
          continue;
        }
        EXPECT_GT(taken.delivery.event->sequence, last);
        last = taken.delivery.event->sequence;
        finals += taken.delivery.event->final;
      }
    }
    EXPECT_EQ(finals, 1);
  };
  std::vector<std::thread> threads;
  for (int reads = 1; reads <= 4; ++reads) threads.emplace_back(watcher, reads);
  for (int i = 1; i <= 500; ++i) {
    hub.PublishProgress("jobs/a", Step(i));
    hub.PublishFrame("jobs/a", Picture(i));
  }
  ended = true;
  hub.PublishState(State(v1::Job::SUCCEEDED, 9));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(hub.watchers(), 0);
}

TEST(FrameHubThreadsTest, WakesAndClosesMayRace) {
  FrameHub hub;
  hub.PublishState(State(v1::Job::RUNNING, 2));
  std::atomic<bool> stop = false;
  std::vector<std::thread> publishers;
  for (int i = 0; i < 2; ++i) {
    publishers.emplace_back([&] {
      while (!stop) hub.PublishProgress("jobs/a", Step(1));
    });
  }
  for (int round = 0; round < 200; ++round) {
    auto alive = std::make_unique<std::atomic<int>>(
        0);  // freed after Close: a late wake would touch it
    const auto watch = hub.Subscribe("jobs/a", {}).value();
    std::function<void()> wake = [&] {
      ++*alive;
      while (watch->Next([&] { wake(); }).kind == TakenKind::kEvent) {
      }
    };
    watch->Next([&] { wake(); });
    watch->Close();
    alive.reset();
  }
  stop = true;
  for (std::thread& thread : publishers) thread.join();
}

}  // namespace
}  // namespace phosphene
