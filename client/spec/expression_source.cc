// Where in an expression an error lies, shown to people.

#include "client/spec/expression_source.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"

namespace phosphene::client {
namespace {

// Code points, as far as a terminal's columns go.
size_t Columns(absl::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(),
      [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

absl::Status ErrorAt(absl::string_view text, Span span,
                     absl::string_view message) {
  const size_t begin = std::min(span.begin, text.size());
  const size_t line_start = begin == 0 ? 0 : text.rfind('\n', begin - 1) + 1;
  const size_t line_end = std::min(text.find('\n', begin), text.size());
  std::string line(text.substr(line_start, line_end - line_start));
  std::replace_if(
      line.begin(), line.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  const size_t end = std::clamp(span.end, begin, line_end);
  const size_t before = Columns(text.substr(line_start, begin - line_start));
  const size_t width =
      std::max<size_t>(Columns(text.substr(begin, end - begin)), 1);
  return UsageError(absl::StrCat(message, "\n  ", line, "\n  ",
                                 std::string(before, ' '), "^",
                                 std::string(width - 1, '~')));
}

}  // namespace phosphene::client
