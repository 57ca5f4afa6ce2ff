#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace phosphene {

// Levenshtein distance without regard to case; O(|a| |b|).
int EditDistance(absl::string_view a, absl::string_view b);

// At most `count` of `names`, most alike `name` first; names that are nothing
// alike are left out. A name that contains `name` counts as alike.
std::vector<std::string> NearestNames(absl::string_view name,
                                      const std::vector<std::string>& names,
                                      int count = 3);

// `; nearest "a", "b"` for an error message, or "" when nothing is alike.
std::string NearestHint(absl::string_view name,
                        const std::vector<std::string>& names, int count = 3);

// `"a", "b", "c"`: the names allowed, for an error message.
std::string QuotedList(const std::vector<std::string>& names);

}  // namespace phosphene
