#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene {

struct ZipEntry {
  absl::string_view name;   // ASCII, folders with '/'
  absl::string_view bytes;  // must outlive the call
  bool deflate = true;      // false: stored, for what is compressed already
};

// A ZIP archive (PKWARE APPNOTE 6.3, without ZIP64) of these files in their
// order. Every file is dated 1980-01-01, the format's zero, so that equal input
// makes equal bytes. INVALID_ARGUMENT: more than 65,534 entries or 4 GiB - 1,
// in one file or all together. Thread-safe.
absl::StatusOr<std::string> Zip(const std::vector<ZipEntry>& entries);

}  // namespace phosphene
