#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene {

// Page tokens of stored lists: a position in the list `list` names (and its
// filter), opaque to clients, and refused where it was not made for.
std::string EncodeCursor(absl::string_view list, int64_t position);

// INVALID_ARGUMENT on "page_token": no token of this list and filter.
absl::StatusOr<int64_t> DecodeCursor(absl::string_view list,
                                     absl::string_view token);

}  // namespace phosphene
