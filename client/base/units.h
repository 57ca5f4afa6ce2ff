#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene::client {

// Parsers of values of flags. Errors say what is allowed; the caller adds the
// flag's name.

struct Size {
  int width = 0;
  int height = 0;
};

// "224" (square) or "320x240" (width x height), each 1..32768.
absl::StatusOr<Size> ParseSize(absl::string_view text);

// A count with an optional suffix k, M or G (powers of 1000): "12M".
absl::StatusOr<int64_t> ParseCount(absl::string_view text);

// "inception_4a/output:476" -> layer and channel; the last ':' counts.
absl::StatusOr<std::pair<std::string, int>> ParseTarget(absl::string_view text);

// "0-15,20,31-33" -> the numbers, in the order given; at most 65536.
absl::StatusOr<std::vector<int>> ParseRanges(absl::string_view text);

// "104,117,123" -> finite numbers, at least `least` and at most `most` of them.
absl::StatusOr<std::vector<double>> ParseNumbers(absl::string_view text,
                                                 size_t least, size_t most);

// "starry.jpg:0.3" -> path and weight (1 without one). A ':' that no number
// follows belongs to the path.
std::pair<std::string, double> ParseWeightedPath(absl::string_view text);

// "1.4 GB", "312 kB", "77 B": powers of 1000, three digits.
std::string FormatBytes(int64_t bytes);

// "0:11", "12:05", "1:02:33"; "?" for negative or absurd values.
std::string FormatClock(double seconds);

// "11 s", "2 min", "3 h", "5 d": how long ago.
std::string FormatAge(double seconds);

// Up to four significant digits without exponent where it reads well.
std::string FormatNumber(double value);

// Name a model gets from its file: stem in lower case, characters other than
// a-z 0-9 - _ . replaced by '-', at most 63; "model" when nothing is left.
std::string ModelNameFromPath(absl::string_view path);

}  // namespace phosphene::client
