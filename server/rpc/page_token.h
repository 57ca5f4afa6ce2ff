#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene {

// Opaque tokens of lists this server keeps in memory: where the next page
// begins. `list` names the list, so that a token of another one is refused.
// INVALID_ARGUMENT on "page_token".
std::string MakePageToken(absl::string_view list, absl::string_view next);
// What MakePageToken was given, "" for the empty token.
absl::StatusOr<std::string> ReadPageToken(absl::string_view list,
                                          absl::string_view token);

}  // namespace phosphene
