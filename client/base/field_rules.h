#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace phosphene::client {

// What flags say of the fields they set. The law stands beside the fields in
// the protos (server/rules); nothing here is written a second time. Paths start
// at the job: "spec.steps", "priority", and pass over indices:
// "spec.objectives.caricature.cossim_power". REQUIRES: the field exists.

// What the field may hold: "1..1000000", "above 0 to 16". For help. `least`
// stands for the smallest value where a command needs more than the field.
std::string AllowedFor(absl::string_view path,
                       std::optional<double> least = std::nullopt);

// What it is when no flag sets it: "16".
std::string DefaultFor(absl::string_view path);

// The least and the largest number it may hold. REQUIRES: it has one.
double LeastFor(absl::string_view path);
double LargestFor(absl::string_view path);

// How many entries a list may have. REQUIRES: it has such a rule.
int MostEntriesOf(absl::string_view path);

// INVALID_ARGUMENT on `flag` unless the field may hold the number, and that is
// at least `least`: "--steps: -1 is not allowed; allowed 1..1000000".
absl::Status CheckFlag(absl::string_view flag, double value,
                       absl::string_view path,
                       std::optional<double> least = std::nullopt);

}  // namespace phosphene::client
