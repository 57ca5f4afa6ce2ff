#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/base/units.h"

namespace phosphene::client {

// Width and height of a PNG, JPEG or WebP as shown (turned by its EXIF
// orientation), from its header alone. INVALID_ARGUMENT: none of these, cut
// off, or larger than a server takes.
absl::StatusOr<Size> ImageSize(absl::string_view bytes);

// The same of a file; reads at most its first MiB.
absl::StatusOr<Size> ImageFileSize(const std::string& path);

}  // namespace phosphene::client
