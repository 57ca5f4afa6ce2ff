#include "server/stream/crowd.h"

#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::Eq;
using testing::HasSubstr;
using testing::Optional;

class CrowdTest : public testing::Test {
 protected:
  // A watch of `peer` not read for `unread`; zero: it is read.
  void Sit(const std::string& peer, absl::Duration unread = {}) {
    Seat seat{.id = static_cast<int64_t>(seats_.size()) + 1, .peer = peer};
    if (unread > absl::ZeroDuration()) seat.unread_since = now_ - unread;
    seats_.push_back(seat);
  }
  absl::StatusOr<std::optional<int64_t>> Come(const std::string& peer) {
    return MakeRoom(seats_, "jobs/a", peer, limits_, now_);
  }

  const absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  CrowdLimits limits_{
      .per_job = 4, .per_peer = 2, .unread_after = absl::Seconds(2)};
  std::vector<Seat> seats_;
};

TEST_F(CrowdTest, ThereIsRoomUntilTheJobIsFull) {
  EXPECT_THAT(Come("a"), IsOkAndHolds(Eq(std::nullopt)));
  for (const char* peer : {"a", "a", "b"}) Sit(peer);
  EXPECT_THAT(Come("b"), IsOkAndHolds(Eq(std::nullopt)));
  Sit("b");
  EXPECT_THAT(Come("c"),
              StatusIs(StatusCode::kResourceExhausted, "jobs/a has 4 watches"));
}

TEST_F(CrowdTest, TheOneNotReadForTheLongestGoes) {
  Sit("a", absl::Seconds(5));
  Sit("a");
  Sit("b", absl::Seconds(9));
  Sit("b", absl::Seconds(7));
  EXPECT_THAT(Come("c"), IsOkAndHolds(Optional(3)));
}

TEST_F(CrowdTest, OneThatIsBusyForAMomentStays) {
  for (int i = 0; i < 4; ++i) Sit(i < 2 ? "a" : "b", absl::Seconds(1));
  EXPECT_THAT(Come("c"), StatusIs(StatusCode::kResourceExhausted));
}

TEST_F(CrowdTest, APeerHasItsNumberAndGivesUpItsOwn) {
  Sit("a");
  Sit("b", absl::Seconds(9));
  Sit("a");
  EXPECT_THAT(Come("a"), StatusIs(StatusCode::kResourceExhausted,
                                  "2 watches of a already"));
  EXPECT_THAT(Come("b"), IsOkAndHolds(Eq(std::nullopt)));
  seats_.back().unread_since = now_ - absl::Seconds(3);
  EXPECT_THAT(Come("a"), IsOkAndHolds(Optional(3)));
}

TEST_F(CrowdTest, NobodysWatchesAreNotCountedPerPeer) {
  for (int i = 0; i < 3; ++i) Sit("");
  EXPECT_THAT(Come(""), IsOkAndHolds(Eq(std::nullopt)));
}

}  // namespace
}  // namespace phosphene
