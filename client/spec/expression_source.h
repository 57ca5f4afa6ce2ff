#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace phosphene::client {

// A stretch of the text, [begin, end) in bytes.
struct Span {
  size_t begin = 0;
  size_t end = 0;
};

// `message`, the line of `text` the span is on, and `^~~~` under the span. A
// span at the end of the text points just behind it. Tabs and control
// characters show as spaces; columns count code points.
absl::Status ErrorAt(absl::string_view text, Span span,
                     absl::string_view message);

}  // namespace phosphene::client
