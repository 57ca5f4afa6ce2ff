// The names most like one that is unknown, by edit distance.

#include "server/base/nearest.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace phosphene {

// Levenshtein's distance, a row of the table at a time; case counts as equal.
int EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<int> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same =
          absl::ascii_tolower(a[i - 1]) == absl::ascii_tolower(b[j - 1]);
      const int cost =
          std::min({row[j] + 1, row[j - 1] + 1, diagonal + (same ? 0 : 1)});
      diagonal = row[j];
      row[j] = cost;
    }
  }
  return row[b.size()];
}

// Near is: at most half of the longer name differs, or one holds the other.
std::vector<std::string> NearestNames(absl::string_view name,
                                      const std::vector<std::string>& names,
                                      int count) {
  // Bounds the work for absurdly long input; a name that long is like nothing.
  const absl::string_view head = name.substr(0, 128);
  const std::string lower = absl::AsciiStrToLower(head);
  std::vector<std::pair<int, std::string>> scored;
  for (const std::string& candidate : names) {
    int distance = EditDistance(head, candidate);
    const std::string candidate_lower = absl::AsciiStrToLower(candidate);
    const bool contains =
        head.size() >= 3 && absl::StrContains(candidate_lower, lower);
    const int longest =
        static_cast<int>(std::max(head.size(), candidate.size()));
    if (contains) distance = std::min(distance, 2);
    if (contains || distance * 2 <= longest)
      scored.emplace_back(distance, candidate);
  }
  std::stable_sort(
      scored.begin(), scored.end(),
      [](const auto& x, const auto& y) { return x.first < y.first; });
  std::vector<std::string> out;
  for (const auto& [distance, candidate] : scored) {
    if (static_cast<int>(out.size()) == count) break;
    out.push_back(candidate);
  }
  return out;
}

std::string NearestHint(absl::string_view name,
                        const std::vector<std::string>& names, int count) {
  const std::vector<std::string> nearest = NearestNames(name, names, count);
  if (nearest.empty()) return "";
  return absl::StrCat("; nearest ", QuotedList(nearest));
}

std::string QuotedList(const std::vector<std::string>& names) {
  if (names.empty()) return "";
  return absl::StrCat("\"", absl::StrJoin(names, "\", \""), "\"");
}

}  // namespace phosphene
