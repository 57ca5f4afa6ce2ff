#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "server/base/faults.h"

namespace phosphene {

// The wording of values that are not allowed, the same in every room.

// A number as a reader would type it: "1000000", "0.05", "1e-06".
std::string NumberText(double value);

// "5000 is out of range; allowed: 0..1024".
std::string OutOfRange(absl::string_view value, absl::string_view allowed);

// Adds OutOfRange unless lo <= value <= hi; NaN is out of every range. Returns
// whether the value was in range. For ranges that depend on more than a field:
// the others are rules of phosphene/v1/rules.proto.
bool RequireRange(double value, double lo, double hi, absl::string_view path,
                  Faults& faults);

// Adds "7 is not a known value; allowed: CONSTANT, REFLECT" unless `known`.
bool RequireKnown(bool known, int value, absl::string_view names,
                  absl::string_view path, Faults& faults);

}  // namespace phosphene
