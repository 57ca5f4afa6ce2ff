#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene {

bool IsDataUri(absl::string_view uri);

// The bytes of `data:[type][;base64],...`, in base64 or percent-encoded.
// INVALID_ARGUMENT: not such a URI, broken base64, or more than max_bytes,
// which is found out before memory is spent.
absl::StatusOr<std::string> DecodeDataUri(absl::string_view uri,
                                          int64_t max_bytes);

}  // namespace phosphene
