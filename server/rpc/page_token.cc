// Page tokens: opaque, bound to the request they continue.
#include "server/rpc/page_token.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/faults.h"

namespace phosphene {

std::string MakePageToken(absl::string_view list, absl::string_view next) {
  return absl::WebSafeBase64Escape(absl::StrCat(list, "\n", next));
}

absl::StatusOr<std::string> ReadPageToken(absl::string_view list,
                                          absl::string_view token) {
  if (token.empty()) return std::string();
  std::string text;
  if (absl::WebSafeBase64Unescape(token, &text)) {
    absl::string_view next = text;
    if (absl::ConsumePrefix(&next, absl::StrCat(list, "\n")) && !next.empty())
      return std::string(next);
  }
  return FieldError(
      "page_token",
      "not a token of this list; pass next_page_token as it came, or nothing");
}

}  // namespace phosphene
