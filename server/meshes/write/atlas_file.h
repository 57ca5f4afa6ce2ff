#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/imaging/image.h"

namespace phosphene {

// A texture as a file inside of a file.
struct AtlasFile {
  std::string bytes;
  absl::string_view mime;  // "image/png" or "image/jpeg"
};

// A JPEG of `quality` 1..100, or a PNG for 0. INVALID_ARGUMENT: another
// quality; a side of more than 65,500 pixels for JPEG. Thread-safe.
absl::StatusOr<AtlasFile> EncodeAtlas(const Image8& atlas, int quality);

}  // namespace phosphene
