#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace phosphene::client {

// Fills an empty --size with the shape of a photo, its longest side at most
// `longest` pixels: a photo is not squeezed into a square. No photo, or one
// that is a blob of the server, leaves it empty (the command's default).
// Errors name `flag`.
absl::Status SizeOfPhoto(absl::string_view flag, const std::string& photo,
                         int longest, std::string* size);

}  // namespace phosphene::client
