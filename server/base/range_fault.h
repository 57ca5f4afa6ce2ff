#pragma once

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/base/faults.h"

namespace phosphene {

// Adds "5000 is out of range 0..1024" unless lo <= value <= hi; NaN is out of
// every range. Returns whether the value was in range.
inline bool RequireRange(double value, double lo, double hi,
                         absl::string_view path, Faults& faults) {
  if (value >= lo && value <= hi) return true;
  faults.Add(path, absl::StrCat(value, " is out of range ", lo, "..", hi));
  return false;
}

// Adds "7 is none of CONSTANT, REFLECT" unless `known`: enums of the API are
// open, so a number without a name can arrive.
inline bool RequireKnown(bool known, int value, absl::string_view names,
                         absl::string_view path, Faults& faults) {
  if (!known) faults.Add(path, absl::StrCat(value, " is none of ", names));
  return known;
}

}  // namespace phosphene
