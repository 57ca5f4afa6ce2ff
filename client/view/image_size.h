#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/base/units.h"

namespace phosphene::client {

// Width and height of an image as shown (turned by its EXIF orientation), from
// its header alone; of what a server reads. INVALID_ARGUMENT: none of these
// (the message tells what it looks like), cut off, or larger than a server
// takes.
absl::StatusOr<Size> ImageSize(absl::string_view bytes);

// The same of a file; reads its first MiB, and all where that does not tell.
absl::StatusOr<Size> ImageFileSize(const std::string& path);

}  // namespace phosphene::client
