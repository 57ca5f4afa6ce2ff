#include "server/rpc/page_token.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

TEST(PageToken, GivesBackWhatItWasMadeOf) {
  EXPECT_THAT(ReadPageToken("models", MakePageToken("models", "vgg19")),
              IsOkAndHolds("vgg19"));
  EXPECT_THAT(ReadPageToken("models", ""), IsOkAndHolds(""));
}

TEST(PageToken, OneOfAnotherListOrNoneAtAllIsRefused) {
  for (const std::string& bad : {MakePageToken("layers of a", "conv1"),
                                 std::string("!!"), std::string("abcd")}) {
    EXPECT_THAT(ReadPageToken("models", bad),
                StatusIs(absl::StatusCode::kInvalidArgument, "page_token"));
  }
}

}  // namespace
}  // namespace phosphene
