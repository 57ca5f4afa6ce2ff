#include "server/storage/registry.h"

#include <set>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

TEST(BlobStoreRegistryTest, EveryKindHasASchemeOfItsOwn) {
  std::set<std::string> schemes;
  for (const BlobStoreKind* kind : BlobStoreKinds()) {
    EXPECT_TRUE(schemes.insert(kind->scheme).second) << kind->scheme;
  }
}

TEST(BlobStoreRegistryTest, UnknownKindsAreAnsweredWithTheKnownOnes) {
  EXPECT_THAT(OpenBlobStore("fille", {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "\"fille\"; allowed: file, memory; nearest \"file\""));
}

TEST(BlobStoreRegistryTest, AFolderThatCannotBeMadeIsNamed) {
  const TempDir dir;
  const std::string path = "/dev/null/blobs";
  EXPECT_THAT(OpenBlobStore("file", {.directory = path}), testing::Not(IsOk()));
}

}  // namespace
}  // namespace phosphene
