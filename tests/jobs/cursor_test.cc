#include "server/jobs/cursor.h"

#include <string>

#include "server/base/faults.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

TEST(CursorTest, APositionComesBackForItsList) {
  for (const int64_t position :
       {int64_t{0}, int64_t{7}, int64_t{-1}, INT64_MAX}) {
    EXPECT_THAT(DecodeCursor("jobs", EncodeCursor("jobs", position)),
                IsOkAndHolds(position));
  }
}

TEST(CursorTest, OtherListsChangedAndForeignTokensAreRefused) {
  const std::string token = EncodeCursor("jobs", 7);
  std::string changed = token;
  changed.back() = changed.back() == 'A' ? 'B' : 'A';
  for (const std::string& text :
       {token + "AA", token.substr(1), changed, std::string(), std::string("x"),
        std::string("%%%"), std::string(1000, 'A')}) {
    const absl::Status status = DecodeCursor("jobs", text).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument)) << text;
    EXPECT_EQ(FaultsOf(status)[0].field, "page_token");
  }
  EXPECT_THAT(DecodeCursor("frames", token),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace phosphene
