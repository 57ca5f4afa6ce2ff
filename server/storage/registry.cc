// The kinds of blob stores, from builtins.inc.

#include "server/storage/registry.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/base/nearest.h"

namespace phosphene {

#define BLOB_STORE(Name) const BlobStoreKind& Name##BlobStoreKind();
#include "server/storage/builtins.inc"
#undef BLOB_STORE

const std::vector<const BlobStoreKind*>& BlobStoreKinds() {
#define BLOB_STORE(Name) &Name##BlobStoreKind(),
  static const auto* const kinds = new std::vector<const BlobStoreKind*>{
#include "server/storage/builtins.inc"
  };
#undef BLOB_STORE
  return *kinds;
}

absl::StatusOr<std::unique_ptr<BlobStore>> OpenBlobStore(
    absl::string_view where, const BlobStoreOptions& options) {
  const std::vector<std::string> parts =
      absl::StrSplit(where, absl::MaxSplits("://", 1));
  std::vector<std::string> schemes;
  for (const BlobStoreKind* kind : BlobStoreKinds()) {
    if (parts[0] == kind->scheme) return kind->open(where, options);
    schemes.push_back(kind->scheme);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "no blob store of kind \"", parts[0], "\"; allowed: ",
      absl::StrJoin(schemes, ", "), NearestHint(parts[0], schemes)));
}

}  // namespace phosphene
