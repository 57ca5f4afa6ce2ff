#include "server/storage/checks.h"

#include <string>

#include "server/base/faults.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

TEST(BlobNameTest, TheNameOfBytesIsABlobName) {
  EXPECT_TRUE(IsBlobName(BlobNameOf("anything")));
}

TEST(BlobNameTest, AFaultNamesFieldAndValue) {
  const absl::Status status = CheckBlobName("blobs/x", "spec.mask.image");
  ASSERT_EQ(FaultsOf(status).size(), 1u);
  EXPECT_EQ(FaultsOf(status)[0].field, "spec.mask.image");
  EXPECT_THAT(FaultsOf(status)[0].message, testing::HasSubstr("\"blobs/x\""));
}

TEST(BytesInRangeTest, SelectsWhatIsThere) {
  EXPECT_THAT(BytesInRange("b", 0, 0, 10), IsOkAndHolds(10));
  EXPECT_THAT(BytesInRange("b", 4, 3, 10), IsOkAndHolds(3));
  EXPECT_THAT(BytesInRange("b", 4, INT64_MAX, 10), IsOkAndHolds(6));
}

}  // namespace
}  // namespace phosphene
