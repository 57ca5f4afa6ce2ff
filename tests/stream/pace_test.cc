#include "server/stream/pace.h"

#include <gtest/gtest.h>

namespace phosphene {
namespace {

using Kind = HubEvent::Kind;

class PaceTest : public testing::Test {
 protected:
  static HubEvent Event(Kind kind, int64_t sequence) {
    HubEvent event;
    event.kind = kind;
    event.sequence = sequence;
    return event;
  }
  absl::Duration Wait(const Pace& pace, Kind kind) const {
    return std::max(pace.Release(kind, now_) - now_, absl::ZeroDuration());
  }
  void Send(Pace& pace, Kind kind, int64_t sequence = 1) {
    pace.Sent(Event(kind, sequence), now_);
  }

  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
};

TEST_F(PaceTest, WithoutARateNothingWaits) {
  Pace pace({});
  Send(pace, Kind::kFrame);
  Send(pace, Kind::kProgress);
  EXPECT_EQ(Wait(pace, Kind::kFrame), absl::ZeroDuration());
  EXPECT_EQ(Wait(pace, Kind::kProgress), absl::ZeroDuration());
}

TEST_F(PaceTest, FramesAndProgressComeAtTheRateEach) {
  Pace pace({.max_per_second = 10});
  EXPECT_EQ(Wait(pace, Kind::kFrame), absl::ZeroDuration());
  Send(pace, Kind::kFrame);
  EXPECT_EQ(Wait(pace, Kind::kFrame), absl::Milliseconds(100));
  EXPECT_EQ(Wait(pace, Kind::kProgress), absl::ZeroDuration());
  Send(pace, Kind::kProgress);
  now_ += absl::Milliseconds(60);
  EXPECT_EQ(Wait(pace, Kind::kFrame), absl::Milliseconds(40));
  EXPECT_EQ(Wait(pace, Kind::kProgress), absl::Milliseconds(40));
  now_ += absl::Milliseconds(60);
  EXPECT_EQ(Wait(pace, Kind::kFrame), absl::ZeroDuration());
}

TEST_F(PaceTest, ProgressComesOnceASecondAtLeast) {
  Pace pace({.max_per_second = 0.1});
  Send(pace, Kind::kFrame);
  Send(pace, Kind::kProgress);
  EXPECT_EQ(Wait(pace, Kind::kFrame), absl::Seconds(10));
  EXPECT_EQ(Wait(pace, Kind::kProgress), absl::Seconds(1));
}

TEST_F(PaceTest, StatesNeverWait) {
  Pace pace({.max_per_second = 1, .acknowledged = true});
  for (int i = 1; i <= 5; ++i) Send(pace, Kind::kState, i);
  Send(pace, Kind::kFrame, 6);
  Send(pace, Kind::kFrame, 7);
  EXPECT_EQ(Wait(pace, Kind::kState), absl::ZeroDuration());
}

TEST_F(PaceTest, TwoFramesAreOnTheWayAndNoThirdUntilOneIsAcknowledged) {
  Pace pace({.acknowledged = true});
  Send(pace, Kind::kFrame, 1);
  EXPECT_FALSE(pace.starved_since().has_value());
  now_ += absl::Seconds(1);
  Send(pace, Kind::kFrame, 2);
  EXPECT_EQ(pace.starved_since(), now_);
  now_ += absl::Hours(1);
  EXPECT_EQ(Wait(pace, Kind::kFrame), absl::InfiniteDuration());
  EXPECT_EQ(Wait(pace, Kind::kProgress), absl::InfiniteDuration());
  pace.Acknowledge(1);
  EXPECT_EQ(Wait(pace, Kind::kFrame), absl::ZeroDuration());
  Send(pace, Kind::kFrame, 3);
  EXPECT_EQ(Wait(pace, Kind::kFrame), absl::InfiniteDuration());
  pace.Acknowledge(3);
  Send(pace, Kind::kFrame, 4);
  EXPECT_EQ(Wait(pace, Kind::kFrame), absl::ZeroDuration());
}

TEST_F(PaceTest, OneProgressIsOnTheWayUntilAcknowledgedOrLapsed) {
  Pace pace({.acknowledged = true});
  Send(pace, Kind::kProgress, 5);
  EXPECT_EQ(Wait(pace, Kind::kProgress), Pace::kProgressLapse);
  EXPECT_EQ(Wait(pace, Kind::kFrame), absl::ZeroDuration());
  pace.Acknowledge(4);
  EXPECT_EQ(Wait(pace, Kind::kProgress), Pace::kProgressLapse);
  pace.Acknowledge(5);
  EXPECT_EQ(Wait(pace, Kind::kProgress), absl::ZeroDuration());
}

TEST_F(PaceTest, AReaderThatStopsAcknowledgingIsPacedByTheRate) {
  Pace pace({.max_per_second = 10, .acknowledged = true});
  for (int i = 1; i <= 2; ++i) Send(pace, Kind::kFrame, i);
  pace.StopAcknowledging();
  EXPECT_EQ(Wait(pace, Kind::kFrame), absl::Milliseconds(100));
  now_ += absl::Seconds(1);
  for (int i = 3; i <= 9; ++i) Send(pace, Kind::kFrame, i);
  EXPECT_EQ(Wait(pace, Kind::kFrame), absl::Milliseconds(100));
}

TEST_F(PaceTest, FramesAreWantedShortlyBeforeTheyMayGo) {
  const Pace pace({.max_per_second = 10});
  EXPECT_FALSE(pace.WantsFrame(now_ - absl::Milliseconds(70), now_));
  EXPECT_TRUE(pace.WantsFrame(now_ - absl::Milliseconds(80), now_));
  EXPECT_TRUE(Pace({}).WantsFrame(now_, now_));
}

}  // namespace
}  // namespace phosphene
