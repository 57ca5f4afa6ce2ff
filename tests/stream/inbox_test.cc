#include "server/stream/inbox.h"

#include <random>
#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using testing::ElementsAre;
using Kind = HubEvent::Kind;

std::shared_ptr<const HubEvent> Event(Kind kind, int64_t sequence,
                                      bool final = false) {
  auto event = std::make_shared<HubEvent>();
  event->kind = kind;
  event->sequence = sequence;
  event->final = final;
  return event;
}
auto State(int64_t sequence) { return Event(Kind::kState, sequence); }
auto Final(int64_t sequence) { return Event(Kind::kState, sequence, true); }
auto Frame(int64_t sequence) { return Event(Kind::kFrame, sequence); }
auto Progress(int64_t sequence) { return Event(Kind::kProgress, sequence); }

const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

bool Ready(const Inbox& inbox, absl::Time now = kNow) {
  return inbox.NextAt(now) <= now;
}

// Takes all there is; sequences, and -1 for a good end, -2 for another.
std::vector<int64_t> Drain(Inbox& inbox) {
  std::vector<int64_t> out;
  for (;;) {
    EXPECT_EQ(Ready(inbox), true);
    const Subscription::Taken taken = inbox.Take(kNow);
    if (taken.kind == Subscription::Taken::Kind::kEnded) {
      out.push_back(taken.status.ok() ? -1 : -2);
      return out;
    }
    out.push_back(taken.delivery.event->sequence);
    if (!Ready(inbox)) return out;
  }
}

TEST(InboxTest, NothingIsPending) {
  Inbox inbox({});
  EXPECT_FALSE(Ready(inbox));
  EXPECT_EQ(inbox.Take(kNow).kind, Subscription::Taken::Kind::kPending);
}

TEST(InboxTest, EventsComeInTheOrderOfTheirSequences) {
  Inbox inbox({});
  for (const auto& event :
       {State(10), Progress(11), Frame(12), State(20), State(5)}) {
    inbox.Offer(event, kNow);
  }
  EXPECT_THAT(Drain(inbox), ElementsAre(5, 10, 11, 12, 20));
}

TEST(InboxTest, OnlyTheNewestFrameAndProgressAreKept) {
  Inbox inbox({});
  inbox.Offer(State(1), kNow);
  for (int i = 2; i < 100; i += 2) {
    inbox.Offer(Frame(i), kNow);
    inbox.Offer(Progress(i + 1), kNow);
  }
  EXPECT_THAT(Drain(inbox), ElementsAre(1, 98, 99));
  EXPECT_EQ(inbox.dropped_frames(), 48);
}

TEST(InboxTest, DroppedFramesAreToldWithTheNextEvent) {
  Inbox inbox({});
  inbox.Offer(Frame(1), kNow);
  inbox.Offer(Frame(2), kNow);
  inbox.Offer(Frame(3), kNow);
  EXPECT_EQ(inbox.Take(kNow).delivery.dropped_frames, 2);
}

TEST(InboxTest, AnOlderFrameDoesNotReplaceANewer) {
  Inbox inbox({});
  inbox.Offer(Frame(5), kNow);
  inbox.Offer(Frame(5), kNow);
  inbox.Offer(Frame(4), kNow);
  EXPECT_THAT(Drain(inbox), ElementsAre(5));
  EXPECT_EQ(inbox.dropped_frames(), 0);
}

TEST(InboxTest, WhatWasTakenOrSeenBeforeIsNotTakenAgain) {
  Inbox inbox({.after_sequence = 10});
  inbox.Offer(State(10), kNow);
  inbox.Offer(Frame(9), kNow);
  EXPECT_FALSE(Ready(inbox));
  inbox.Offer(State(20), kNow);
  inbox.Offer(State(20), kNow);
  EXPECT_THAT(Drain(inbox), ElementsAre(20));
  inbox.Offer(State(20), kNow);
  inbox.Offer(State(15), kNow);
  EXPECT_FALSE(Ready(inbox));
}

TEST(InboxTest, TheFinalStateIsTheEnd) {
  Inbox inbox({});
  inbox.Offer(Frame(1), kNow);
  inbox.Offer(Final(2), kNow);
  EXPECT_THAT(Drain(inbox), ElementsAre(1, 2, -1));
  EXPECT_THAT(Drain(inbox), ElementsAre(-1));
}

TEST(InboxTest, StatesBeforeTheFinalOneMayComeAfterIt) {
  Inbox inbox({});
  inbox.Offer(Final(30), kNow);
  inbox.Offer(State(10), kNow);
  inbox.Offer(State(20), kNow);
  EXPECT_THAT(Drain(inbox), ElementsAre(10, 20, 30, -1));
}

TEST(InboxTest, AFinalStateSeenBeforeEndsWithoutAWord) {
  Inbox inbox({.after_sequence = 20});
  inbox.Offer(Final(20), kNow);
  EXPECT_THAT(Drain(inbox), ElementsAre(-1));
  Inbox seeded({.after_sequence = 20});
  seeded.EndWell(kNow);
  EXPECT_THAT(Drain(seeded), ElementsAre(-1));
}

TEST(InboxTest, WithoutFramesThereAreNone) {
  Inbox inbox({.omit_frames = true});
  inbox.Offer(Frame(1), kNow);
  inbox.Offer(Frame(2), kNow);
  EXPECT_FALSE(Ready(inbox));
  EXPECT_EQ(inbox.dropped_frames(), 0);
  inbox.Offer(Progress(3), kNow);
  EXPECT_THAT(Drain(inbox), ElementsAre(3));
}

TEST(InboxTest, AnErrorEndsItOnceWhatIsThereWasTaken) {
  Inbox inbox({});
  inbox.Offer(State(1), kNow);
  inbox.End(absl::UnavailableError("away"), kNow);
  inbox.Offer(State(2), kNow);
  EXPECT_THAT(Drain(inbox), ElementsAre(1, -2));
}

TEST(InboxTest, AnErrorDoesNotUndoAGoodEnd) {
  Inbox inbox({});
  inbox.Offer(Final(1), kNow);
  inbox.End(absl::UnavailableError("away"), kNow);
  EXPECT_THAT(Drain(inbox), ElementsAre(1, -1));
}

TEST(InboxTest, StatesThatFindNoRoomEndItBeforeAnythingNewerIsTaken) {
  Inbox inbox({.max_pending_states = 3});
  for (const int sequence : {10, 20, 30}) inbox.Offer(State(sequence), kNow);
  inbox.Offer(Frame(31), kNow);
  inbox.Offer(Final(40), kNow);
  inbox.Offer(Frame(41), kNow);
  EXPECT_THAT(Drain(inbox), ElementsAre(10, 20, 30, -2));
}

// However offers and takes are mixed: sequences grow, no state is lost, and
// the final one is the last.
TEST(InboxTest, AnyMixOfOffersAndTakesKeepsTheRules) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    Inbox inbox({});
    std::vector<int64_t> states, taken_states;
    int64_t taken = 0;
    bool ended = false;
    const auto take = [&] {
      const Subscription::Taken one = inbox.Take(kNow);
      ended = one.kind == Subscription::Taken::Kind::kEnded;
      if (one.kind != Subscription::Taken::Kind::kEvent) return;
      EXPECT_GT(one.delivery.event->sequence, taken);
      taken = one.delivery.event->sequence;
      if (one.delivery.event->kind == Kind::kState)
        taken_states.push_back(taken);
    };
    for (int64_t sequence = 1; sequence <= 40; ++sequence) {
      switch (random() % 4) {
        case 0:
          states.push_back(sequence);
          inbox.Offer(State(sequence), kNow);
          break;
        case 1:
          inbox.Offer(Frame(sequence), kNow);
          break;
        case 2:
          inbox.Offer(Progress(sequence), kNow);
          break;
        default:
          take();
      }
    }
    states.push_back(41);
    inbox.Offer(Final(41), kNow);
    while (!ended) take();
    EXPECT_EQ(taken_states, states);
    EXPECT_EQ(taken, 41);
  }
}

}  // namespace
}  // namespace phosphene
