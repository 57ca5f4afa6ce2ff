#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace phosphene::client {

// At most `count` of `names`, most alike `name` first (edit distance without
// regard to case; a name that contains `name` counts as alike). Names that
// are nothing alike are left out.
std::vector<std::string> NearestNames(absl::string_view name,
                                      const std::vector<std::string>& names,
                                      int count = 3);

// `; nearest "a", "b"` for the end of an error message, or "" when nothing is
// alike.
std::string NearestHint(absl::string_view name,
                        const std::vector<std::string>& names, int count = 3);

// `"a", "b", "c"`: the names allowed, for error messages.
std::string QuotedList(const std::vector<std::string>& names);

}  // namespace phosphene::client
