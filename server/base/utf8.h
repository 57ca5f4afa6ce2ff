#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace phosphene {

// Whether `text` is valid UTF-8 (Unicode 15, table 3-7): what a proto string
// must be.
bool IsUtf8(absl::string_view text);

// `text` as valid UTF-8 of at most `longest` bytes, for a proto field: bytes
// that fit nowhere become '?'; what is cut off is shown by "...".
// REQUIRES: longest >= 3.
std::string ToUtf8(absl::string_view text, size_t longest);

}  // namespace phosphene
