#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/objective.pb.h"

namespace phosphene::client {

// Parses the text form of objectives (docs/cli.md, "Objectives as text"):
//   channel(mixed4b:111) + 0.5*channel(mixed4a:7) - 0.1*tv()
// The terms of the outer sum become one Objective each, their factors the
// weights; what is nested becomes sum, scale, product, power and negate arms.
// Files (`image=PATH`) stand in blob fields as "file:PATH", see file_refs.h.
//
// Errors are INVALID_ARGUMENT; the message ends in the text and a line that
// points at the character:
//   no objective "chanel"; nearest "channel"
//     chanel(mixed4a:3)
//     ^~~~~~
absl::StatusOr<std::vector<v1::Objective>> ParseObjectives(
    absl::string_view text);

}  // namespace phosphene::client
