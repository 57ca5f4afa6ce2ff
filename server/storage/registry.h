#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/storage/blob_store.h"

namespace phosphene {

// A kind of blob store: one file, one line in builtins.inc.
struct BlobStoreKind {
  // `file`, or the scheme of its URLs: `s3` of `s3://BUCKET/PREFIX`.
  const char* scheme;
  // `where` is what OpenBlobStore was given.
  absl::StatusOr<std::unique_ptr<BlobStore>> (*open)(
      absl::string_view where, const BlobStoreOptions& options);
};

// All of builtins.inc.
const std::vector<const BlobStoreKind*>& BlobStoreKinds();

}  // namespace phosphene
