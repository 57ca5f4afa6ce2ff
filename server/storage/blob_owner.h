#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace phosphene {

// Somebody who refers to blobs: jobs, the model catalog. The collector deletes
// a blob only when no owner refers to it. An owner that is about to refer to a
// blob looks at it first (BlobStore::Stat): that keeps it young until the
// reference is stored. Thread-safe.
class BlobOwner {
 public:
  virtual ~BlobOwner() = default;
  // Those of `blobs` that it refers to. On an error nothing is deleted.
  virtual absl::StatusOr<std::set<std::string>> Owned(
      const std::vector<std::string>& blobs) = 0;
};

}  // namespace phosphene
