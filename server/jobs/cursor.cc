// Positions in a list as tokens that fit that list alone.

#include "server/jobs/cursor.h"

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/sha256.h"

namespace phosphene {
namespace {

constexpr size_t kMarkSize = 16;

// Ties a position to its list.
std::string Mark(absl::string_view list, absl::string_view position) {
  return Sha256Hex(absl::StrCat(position, "\n", list)).substr(0, kMarkSize);
}

}  // namespace

std::string EncodeCursor(absl::string_view list, int64_t position) {
  const std::string digits = absl::StrCat(position);
  return absl::WebSafeBase64Escape(absl::StrCat(Mark(list, digits), digits));
}

absl::StatusOr<int64_t> DecodeCursor(absl::string_view list,
                                     absl::string_view token) {
  std::string text;
  int64_t position = 0;
  if (absl::WebSafeBase64Unescape(token, &text) && text.size() > kMarkSize) {
    const std::string digits = text.substr(kMarkSize);
    if (absl::SimpleAtoi(digits, &position) &&
        text.substr(0, kMarkSize) == Mark(list, digits)) {
      return position;
    }
  }
  return FieldError("page_token",
                    "not a token of this list with this filter; pass "
                    "next_page_token as it came, or nothing");
}

}  // namespace phosphene
