#include "client/base/nearest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phosphene::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Nearest, OrdersByLikenessAndLeavesStrangersOut) {
  EXPECT_THAT(NearestNames("mixed4z", {"conv1", "mixed4a", "mixed5b"}),
              ElementsAre("mixed4a", "mixed5b"));
  EXPECT_THAT(NearestNames("zzz", {"conv1", "mixed4a"}), IsEmpty());
}

TEST(Nearest, IgnoresCaseAndSeesParts) {
  EXPECT_THAT(NearestNames("JITTER", {"jitter"}), ElementsAre("jitter"));
  EXPECT_THAT(NearestNames("4a/out", {"inception_4a/output", "x"}),
              ElementsAre("inception_4a/output"));
}

TEST(Nearest, LongInputCostsLittleAndIsLikeNothing) {
  EXPECT_THAT(NearestNames(std::string(1 << 20, 'a'), {"conv1"}), IsEmpty());
}

TEST(Nearest, HintsEndAMessage) {
  EXPECT_EQ(NearestHint("chanel", {"channel"}), "; nearest \"channel\"");
  EXPECT_EQ(NearestHint("zzz", {"channel"}), "");
  EXPECT_EQ(QuotedList({"a", "b"}), "\"a\", \"b\"");
}

}  // namespace
}  // namespace phosphene::client
