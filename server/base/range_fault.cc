// The wording of values that are not allowed.
#include "server/base/range_fault.h"

#include <cmath>
#include <cstdio>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace phosphene {

std::string NumberText(double value) {
  if (std::fabs(value) < 1e15 && value == std::floor(value)) {
    return absl::StrCat(static_cast<int64_t>(value));
  }
  // The shortest of the texts that read back as the same number.
  for (int digits = 6; digits < 17; ++digits) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.*g", digits, value);
    double back = 0;
    if (absl::SimpleAtod(text, &back) && back == value) return text;
  }
  char text[32];
  std::snprintf(text, sizeof(text), "%.17g", value);
  return text;
}

std::string OutOfRange(absl::string_view value, absl::string_view allowed) {
  return absl::StrCat(value, " is out of range; allowed: ", allowed);
}

bool RequireRange(double value, double lo, double hi, absl::string_view path,
                  Faults& faults) {
  if (value >= lo && value <= hi) return true;
  faults.Add(path,
             OutOfRange(NumberText(value),
                        absl::StrCat(NumberText(lo), "..", NumberText(hi))));
  return false;
}

bool RequireKnown(bool known, int value, absl::string_view names,
                  absl::string_view path, Faults& faults) {
  if (!known) {
    faults.Add(path,
               absl::StrCat(value, " is not a known value; allowed: ", names));
  }
  return known;
}

}  // namespace phosphene
