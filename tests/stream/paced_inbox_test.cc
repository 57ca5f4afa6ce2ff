#include <deque>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/stream/inbox.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::Milliseconds;
using absl::Seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = HubEvent::Kind;
using TakenKind = Subscription::Taken::Kind;

// An inbox and its time.
class PacedInboxTest : public testing::Test {
 protected:
  void Use(Pace::Options pace) {
    inbox_ = std::make_unique<Inbox>(Inbox::Options{.pace = pace});
  }
  void Offer(Kind kind, bool final = false) {
    auto event = std::make_shared<HubEvent>();
    event->kind = kind;
    event->sequence = ++sequence_;
    event->final = final;
    inbox_->Offer(std::move(event), now_);
  }
  void Frame() { Offer(Kind::kFrame); }
  void Progress() { Offer(Kind::kProgress); }
  void State() { Offer(Kind::kState); }
  void Final() { Offer(Kind::kState, true); }

  // Takes what may be taken now: "f3" is a frame of sequence 3, "p", "s".
  std::vector<std::string> Take() {
    std::vector<std::string> words;
    for (;;) {
      const Subscription::Taken taken = inbox_->Take(now_);
      if (taken.kind == TakenKind::kPending) return words;
      if (taken.kind == TakenKind::kEnded) {
        words.push_back("end");
        return words;
      }
      const HubEvent& event = *taken.delivery.event;
      words.push_back(absl::StrCat(event.kind == Kind::kFrame      ? "f"
                                   : event.kind == Kind::kProgress ? "p"
                                                                   : "s",
                                   event.sequence));
    }
  }
  // What is taken after so long, which is when the inbox said it would be.
  std::vector<std::string> TakeAfter(absl::Duration wait) {
    EXPECT_EQ(inbox_->NextAt(now_) - now_, wait);
    now_ += wait;
    return Take();
  }

  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  int64_t sequence_ = 0;
  std::unique_ptr<Inbox> inbox_;
};

TEST_F(PacedInboxTest, BetweenTwoFramesTheLatestWins) {
  Use({.max_per_second = 10});
  Frame();
  EXPECT_THAT(Take(), ElementsAre("f1"));
  for (int i = 0; i < 4; ++i) {
    now_ += Milliseconds(20);
    Frame();
    EXPECT_THAT(Take(), IsEmpty());
  }
  EXPECT_THAT(TakeAfter(Milliseconds(20)), ElementsAre("f5"));
  EXPECT_EQ(inbox_->dropped_frames(), 3);
  EXPECT_EQ(inbox_->NextAt(now_), absl::InfiniteFuture());
}

TEST_F(PacedInboxTest, TheLastFrameComesBeforeTheFinalStateWhateverTheRate) {
  Use({.max_per_second = 0.1});
  Frame();
  EXPECT_THAT(Take(), ElementsAre("f1"));
  Progress();
  EXPECT_THAT(Take(), ElementsAre("p2"));
  Progress();
  Frame();
  EXPECT_THAT(Take(), IsEmpty());
  Final();
  EXPECT_THAT(Take(), ElementsAre("p3", "f4", "s5", "end"));
}

TEST_F(PacedInboxTest, AStateCallsForTheFrameBeforeItAndNotForLaterOnes) {
  Use({.max_per_second = 1});
  Frame();
  EXPECT_THAT(Take(), ElementsAre("f1"));
  Frame();
  State();
  EXPECT_THAT(Take(), ElementsAre("f2", "s3"));
  Frame();
  EXPECT_THAT(Take(), IsEmpty());
  EXPECT_THAT(TakeAfter(Seconds(1)), ElementsAre("f4"));
}

TEST_F(PacedInboxTest, AnErrorIsToldAfterWhatIsThere) {
  Use({.max_per_second = 1});
  Frame();
  EXPECT_THAT(Take(), ElementsAre("f1"));
  Frame();
  inbox_->End(absl::UnavailableError("away"), now_);
  EXPECT_THAT(Take(), ElementsAre("f2", "end"));
}

TEST_F(PacedInboxTest, AnAbortLeavesNothing) {
  Use({});
  State();
  Final();
  inbox_->Abort(absl::ResourceExhaustedError("unread"), now_);
  EXPECT_THAT(inbox_->Take(now_).status,
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(PacedInboxTest, ProgressWaitsForAFrameBeforeItOnlyShortly) {
  Use({.max_per_second = 1});
  Frame();
  EXPECT_THAT(Take(), ElementsAre("f1"));
  now_ += Milliseconds(800);
  Frame();
  Progress();
  EXPECT_THAT(TakeAfter(Milliseconds(200)), ElementsAre("f2", "p3"));
  now_ += Milliseconds(100);
  Frame();
  Progress();
  EXPECT_THAT(Take(), IsEmpty()) << "its own rate holds as well";
  EXPECT_THAT(TakeAfter(Milliseconds(900)), ElementsAre("f4", "p5"));
}

TEST_F(PacedInboxTest, AFrameFarFromItsTimeGivesWayToProgress) {
  Use({.max_per_second = 0.1});
  Frame();
  EXPECT_THAT(Take(), ElementsAre("f1"));
  now_ += Seconds(2);
  Frame();
  Progress();
  EXPECT_THAT(Take(), ElementsAre("p3"));
  EXPECT_EQ(inbox_->dropped_frames(), 1);
  now_ += Milliseconds(7900);
  Frame();
  Progress();
  EXPECT_THAT(TakeAfter(Milliseconds(100)), ElementsAre("f4", "p5"));
}

TEST_F(PacedInboxTest, WhoNeverAcknowledgesGetsTwoFramesThenStatesAlone) {
  Use({.acknowledged = true});
  Frame();
  Frame();
  Take();
  Frame();
  EXPECT_THAT(Take(), ElementsAre("f3"));
  for (int i = 0; i < 5; ++i) {
    Progress();
    Frame();
    EXPECT_THAT(Take(), IsEmpty());
  }
  EXPECT_EQ(inbox_->NextAt(now_), absl::InfiniteFuture());
  State();
  EXPECT_THAT(TakeAfter(Inbox::kPatience), ElementsAre("s14"));
  Frame();
  Final();
  EXPECT_THAT(TakeAfter(Inbox::kPatience), ElementsAre("s16", "end"));
  // f1 was replaced, and all after f3 were.
  EXPECT_EQ(inbox_->dropped_frames(), 1 + 5 + 1);
}

TEST_F(PacedInboxTest, AnAcknowledgementLetsTheNewestFrameGo) {
  Use({.acknowledged = true});
  for (int i = 0; i < 2; ++i) {
    Frame();
    Take();
  }
  for (int i = 0; i < 10; ++i) Frame();
  ASSERT_OK(inbox_->Acknowledge(1));
  EXPECT_THAT(Take(), ElementsAre("f12"));
  Frame();
  Final();
  EXPECT_THAT(Take(), IsEmpty());
  ASSERT_OK(inbox_->Acknowledge(12));
  EXPECT_THAT(Take(), ElementsAre("f13", "s14", "end"));
}

TEST_F(PacedInboxTest, WhatWasNotSentCannotBeAcknowledged) {
  Use({.acknowledged = true});
  Frame();
  const auto refused =
      StatusIs(absl::StatusCode::kInvalidArgument, "acknowledged_sequence");
  EXPECT_THAT(inbox_->Acknowledge(1), refused);
  Take();
  EXPECT_OK(inbox_->Acknowledge(1));
  EXPECT_OK(inbox_->Acknowledge(1)) << "again is no error";
  EXPECT_OK(inbox_->Acknowledge(0));
  EXPECT_THAT(inbox_->Acknowledge(2), refused);
  EXPECT_THAT(inbox_->Acknowledge(-1), refused);
}

// The law of FollowJob: whatever a job makes, a reader that takes two events a
// second and acknowledges the frames sees none that is older than 2 s.
TEST_F(PacedInboxTest, AReaderOfTwoEventsASecondSeesNoFrameOlderThanTwo) {
  std::mt19937 random(1);
  for (const absl::Duration step :
       {Milliseconds(3), Milliseconds(35), Milliseconds(110), Seconds(1)}) {
    Use({.max_per_second = 10, .acknowledged = true});
    struct Sent {
      Kind kind;
      int64_t sequence;
      absl::Time made;
    };
    std::map<int64_t, absl::Time> made;
    std::deque<Sent> transport;
    absl::Time next_read = now_;
    int frames = 0;
    for (const absl::Time end = now_ + Seconds(60); now_ < end; now_ += step) {
      Progress();
      Frame();
      made[sequence_] = now_;
      while (next_read <= now_ && !transport.empty()) {
        const Sent read = transport.front();
        transport.pop_front();
        next_read += Milliseconds(500);
        if (read.kind != Kind::kFrame) continue;
        ++frames;
        EXPECT_LE(now_ - read.made, Seconds(2)) << "a step takes " << step;
        ASSERT_OK(inbox_->Acknowledge(read.sequence));
      }
      next_read = std::max(next_read, now_);
      for (auto taken = inbox_->Take(now_); taken.kind == TakenKind::kEvent;
           taken = inbox_->Take(now_)) {
        const HubEvent& event = *taken.delivery.event;
        transport.push_back({event.kind, event.sequence, made[event.sequence]});
      }
    }
    EXPECT_GE(frames, 30) << "and half of what it reads are frames";
  }
}

// However time, offers, acknowledgements and takes are mixed: sequences grow,
// no state is lost, the end comes, and what is on the way is bounded.
TEST_F(PacedInboxTest, AnyMixKeepsTheRules) {
  std::mt19937 random(2);
  for (int round = 0; round < 500; ++round) {
    Use({.max_per_second = round % 2 ? 10.0 : 0.0, .acknowledged = true});
    sequence_ = 0;
    std::vector<int64_t> states, taken_states, frames;
    int64_t taken = 0;
    const auto take = [&] {
      const auto one = inbox_->Take(now_);
      if (one.kind != TakenKind::kEvent) return one.kind;
      const HubEvent& event = *one.delivery.event;
      EXPECT_GT(event.sequence, taken);
      taken = event.sequence;
      if (event.kind == Kind::kState) taken_states.push_back(taken);
      if (event.kind == Kind::kFrame) frames.push_back(taken);
      EXPECT_LE(frames.size(), Pace::kMaxFramesOnTheWay);
      return one.kind;
    };
    for (int i = 0; i < 60; ++i) {
      now_ += Milliseconds(random() % 80);
      switch (random() % 6) {
        case 0:
          State();
          states.push_back(sequence_);
          break;
        case 1:
          Frame();
          break;
        case 2:
          Progress();
          break;
        case 3:
          EXPECT_OK(inbox_->Acknowledge(taken));
          frames.clear();
          break;
        default:
          take();
      }
    }
    Final();
    states.push_back(sequence_);
    for (TakenKind kind = take(); kind != TakenKind::kEnded; kind = take()) {
      if (kind != TakenKind::kPending) continue;
      const absl::Time next = inbox_->NextAt(now_);
      ASSERT_LE(next, now_ + Inbox::kPatience);
      now_ = std::max(now_, next);
    }
    EXPECT_EQ(taken_states, states);
  }
}

}  // namespace
}  // namespace phosphene
