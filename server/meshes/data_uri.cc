// data: URIs (RFC 2397), in which files carry other files.
#include "server/meshes/data_uri.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace phosphene {
namespace {

constexpr absl::string_view kScheme = "data:";
constexpr absl::string_view kBase64 = ";base64";

std::string PercentDecoded(absl::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() &&
        absl::ascii_isxdigit(text[i + 1]) &&
        absl::ascii_isxdigit(text[i + 2])) {
      bytes += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

}  // namespace

bool IsDataUri(absl::string_view uri) {
  return absl::StartsWithIgnoreCase(uri, kScheme);
}

absl::StatusOr<std::string> DecodeDataUri(absl::string_view uri,
                                          int64_t max_bytes) {
  const size_t comma = uri.find(',');
  if (!IsDataUri(uri) || comma == absl::string_view::npos)
    return absl::InvalidArgumentError("is not a data URI");
  const absl::string_view head = uri.substr(0, comma);
  const absl::string_view body = uri.substr(comma + 1);
  const bool base64 = absl::EndsWithIgnoreCase(head, kBase64);
  const size_t least = base64 ? body.size() / 4 * 3 : body.size() / 3;
  if (static_cast<int64_t>(least) > max_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "holds more than the ", max_bytes, " bytes that are allowed"));
  }
  if (!base64) return PercentDecoded(body);
  std::string bytes;
  if (!absl::Base64Unescape(body, &bytes))
    return absl::InvalidArgumentError("is not valid base64");
  return bytes;
}

}  // namespace phosphene
