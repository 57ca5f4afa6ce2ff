#include "server/imaging/animation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/imaging/pictures.h"

namespace phosphene {
namespace {

using ::testing::ElementsAre;

TEST(ShownOrder, ForthAndBackShowsTheEndsOnce) {
  EXPECT_THAT(ShownOrder(4, false), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(ShownOrder(4, true), ElementsAre(0, 1, 2, 3, 2, 1));
  EXPECT_THAT(ShownOrder(2, true), ElementsAre(0, 1));
  EXPECT_THAT(ShownOrder(1, true), ElementsAre(0));
}

TEST(CheckFrames, FramesAreAlikeAndTheRateIsInRange) {
  EXPECT_TRUE(CheckFrames({Flat(2, 3, {1}), Flat(2, 3, {2})}, 50, 50).ok());
  EXPECT_FALSE(CheckFrames({}, 10, 50).ok());
  EXPECT_FALSE(CheckFrames({Flat(2, 3, {1})}, 51, 50).ok());
  EXPECT_FALSE(CheckFrames({Flat(2, 3, {1})}, 0, 50).ok());
  EXPECT_FALSE(CheckFrames({Flat(2, 3, {1}), Flat(3, 2, {1})}, 10, 50).ok());
}

}  // namespace
}  // namespace phosphene
