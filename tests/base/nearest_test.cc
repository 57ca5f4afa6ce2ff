#include "server/base/nearest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phosphene {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(NearestTest, DistanceCountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0);
  EXPECT_EQ(EditDistance("abc", ""), 3);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
  EXPECT_EQ(EditDistance("Conv", "conv"), 0);
}

TEST(NearestTest, TheMostAlikeComesFirst) {
  EXPECT_THAT(
      NearestNames("mixed4d", {"mixed5b", "mixed4c", "mixed4e", "conv2"}, 2),
      ElementsAre("mixed4c", "mixed4e"));
}

TEST(NearestTest, NamesThatContainTheTextAreAlike) {
  EXPECT_THAT(NearestNames("4c/out", {"inception_4c/output", "pool"}),
              ElementsAre("inception_4c/output"));
}

TEST(NearestTest, NothingAlikeMeansNoHint) {
  EXPECT_THAT(NearestNames("zzzzzz", {"conv1", "pool2"}), IsEmpty());
  EXPECT_EQ(NearestHint("zzzzzz", {"conv1", "pool2"}), "");
}

TEST(NearestTest, AHintQuotesTheNames) {
  EXPECT_EQ(NearestHint("conv", {"conv1"}), "; nearest \"conv1\"");
  EXPECT_EQ(QuotedList({"a", "b"}), "\"a\", \"b\"");
}

TEST(NearestTest, LongInputCostsLittleAndIsLikeNothing) {
  EXPECT_THAT(NearestNames(std::string(1 << 20, 'a'), {"conv1"}), IsEmpty());
}

}  // namespace
}  // namespace phosphene
