// Values of flags parsed, and numbers written for people.

#include "client/base/units.h"
#include "client/base/field_rules.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/base/failure.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr size_t kMaxChannels = 65536;

absl::StatusOr<int> ParseSide(absl::string_view text) {
  int side = 0;
  const double most = LargestFor("spec.parameterization.width");
  if (!absl::SimpleAtoi(text, &side) || side < 1 || side > most) {
    return UsageError(
        absl::StrCat("\"", text, "\" is no side in pixels; allowed 1..", most));
  }
  return side;
}

bool IsNameCharacter(char c) {
  return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' ||
         c == '_' || c == '.';
}

}  // namespace

absl::StatusOr<Size> ParseSize(absl::string_view text) {
  const std::vector<absl::string_view> parts =
      absl::StrSplit(text, absl::ByAnyChar("xX"));
  if (parts.size() > 2) {
    return UsageError(absl::StrCat("\"", text, "\" is no size; use N or WxH"));
  }
  Size size;
  ASSIGN_OR_RETURN(size.width, ParseSide(parts[0]));
  ASSIGN_OR_RETURN(size.height, ParseSide(parts.back()));
  return size;
}

absl::StatusOr<int64_t> ParseCount(absl::string_view text) {
  double factor = 1;
  absl::string_view digits = text;
  if (!digits.empty()) {
    switch (absl::ascii_tolower(digits.back())) {
      case 'k':
        factor = 1e3;
        break;
      case 'm':
        factor = 1e6;
        break;
      case 'g':
        factor = 1e9;
        break;
      default:
        break;
    }
    if (factor != 1) digits.remove_suffix(1);
  }
  double value = 0;
  if (!absl::SimpleAtod(digits, &value) || !std::isfinite(value) ||
      value <= 0 || value * factor > 9e15) {
    return UsageError(absl::StrCat("\"", text,
                                   "\" is no count; use a number > 0 with an "
                                   "optional k, M or G, such as 12M"));
  }
  return static_cast<int64_t>(std::llround(value * factor));
}

absl::StatusOr<std::pair<std::string, int>> ParseTarget(
    absl::string_view text) {
  const size_t colon = text.rfind(':');
  int channel = 0;
  if (colon == absl::string_view::npos || colon == 0 ||
      !absl::SimpleAtoi(text.substr(colon + 1), &channel) || channel < 0) {
    return UsageError(
        absl::StrCat("\"", text,
                     "\" is no target; use LAYER:CHANNEL, such as "
                     "mixed4a:12"));
  }
  return std::make_pair(std::string(text.substr(0, colon)), channel);
}

absl::StatusOr<std::vector<int>> ParseRanges(absl::string_view text) {
  std::vector<int> out;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    const std::vector<absl::string_view> ends = absl::StrSplit(part, '-');
    int first = 0, last = 0;
    if (ends.size() > 2 || !absl::SimpleAtoi(ends[0], &first) ||
        !absl::SimpleAtoi(ends.back(), &last) || first < 0 || last < first) {
      return UsageError(
          absl::StrCat("\"", part,
                       "\" is no range of channels; use numbers and "
                       "ranges such as 0-15,20"));
    }
    if (static_cast<size_t>(last - first) >= kMaxChannels - out.size()) {
      return UsageError(absl::StrCat("\"", text, "\" has more than ",
                                     kMaxChannels, " channels"));
    }
    for (int i = first; i <= last; ++i) out.push_back(i);
  }
  return out;
}

absl::StatusOr<std::vector<double>> ParseNumbers(absl::string_view text,
                                                 size_t least, size_t most) {
  std::vector<double> out;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    double value = 0;
    if (!absl::SimpleAtod(part, &value) || !std::isfinite(value)) {
      return UsageError(
          absl::StrCat("\"", part, "\" in \"", text, "\" is no finite number"));
    }
    out.push_back(value);
  }
  if (out.size() < least || out.size() > most) {
    return UsageError(
        absl::StrCat("\"", text, "\" has ", out.size(), " numbers; allowed ",
                     least, least == most ? "" : absl::StrCat("..", most)));
  }
  return out;
}

std::pair<std::string, double> ParseWeightedPath(absl::string_view text) {
  const size_t colon = text.rfind(':');
  double weight = 1;
  if (colon != absl::string_view::npos && colon > 0 &&
      absl::SimpleAtod(text.substr(colon + 1), &weight)) {
    return {std::string(text.substr(0, colon)), weight};
  }
  return {std::string(text), 1};
}

std::string FormatBytes(int64_t bytes) {
  constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  while (value >= 999.5 && unit < 5) {
    value /= 1000;
    ++unit;
  }
  if (unit == 0 || value >= 99.5)
    return absl::StrFormat("%.0f %s", value, kUnits[unit]);
  return absl::StrFormat(value < 9.95 ? "%.1f %s" : "%.0f %s", value,
                         kUnits[unit]);
}

std::string FormatClock(double seconds) {
  if (!(seconds >= 0) || seconds > 1e8) return "?";
  const int64_t whole = std::llround(seconds);
  if (whole >= 3600) {
    return absl::StrFormat("%d:%02d:%02d", whole / 3600, whole / 60 % 60,
                           whole % 60);
  }
  return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
}

std::string FormatAge(double seconds) {
  if (!(seconds >= 0)) return "0 s";
  if (seconds < 120) return absl::StrFormat("%.0f s", seconds);
  if (seconds < 2 * 3600) return absl::StrFormat("%.0f min", seconds / 60);
  if (seconds < 48 * 3600) return absl::StrFormat("%.0f h", seconds / 3600);
  return absl::StrFormat("%.0f d", seconds / 86400);
}

std::string FormatNumber(double value) {
  const double size = std::fabs(value);
  if (size != 0 && (size < 1e-3 || size >= 1e6))
    return absl::StrFormat("%.3g", value);
  if (size >= 1000) return absl::StrFormat("%.0f", value);
  return absl::StrFormat("%.4g", value);
}

std::string ModelNameFromPath(absl::string_view path) {
  const std::string stem =
      std::filesystem::path(std::string(path)).stem().string();
  std::string name = absl::AsciiStrToLower(stem).substr(0, 63);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !IsNameCharacter(c); },
      '-');
  return name.empty() ? "model" : name;
}

}  // namespace phosphene::client
