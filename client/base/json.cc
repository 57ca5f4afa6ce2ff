#include "client/base/json.h"

#include <google/protobuf/util/json_util.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace phosphene::client {
namespace {

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if none.
size_t Utf8Length(absl::string_view text) {
  const auto byte = [&](size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const unsigned char lead = byte(0);
  const size_t length = lead < 0x80                   ? 1
                        : lead >= 0xc2 && lead < 0xe0 ? 2
                        : lead >= 0xe0 && lead < 0xf0 ? 3
                        : lead >= 0xf0 && lead < 0xf5 ? 4
                                                      : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and code points beyond U+10FFFF.
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;
  if (lead == 0xed && byte(1) >= 0xa0) return 0;
  if (lead == 0xf0 && byte(1) < 0x90) return 0;
  if (lead == 0xf4 && byte(1) >= 0x90) return 0;
  return length;
}

}  // namespace

std::string JsonString(absl::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const char c = text[0];
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppend(&out, absl::StrFormat("\\u%04x", c));
    } else {
      out.append(text.data(), length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out + "\"";
}

JsonObject& JsonObject::AddJson(absl::string_view key, absl::string_view json) {
  if (!fields_.empty()) fields_ += ",";
  absl::StrAppend(&fields_, JsonString(key), ":", json);
  return *this;
}

JsonObject& JsonObject::Add(absl::string_view key, absl::string_view value) {
  return AddJson(key, JsonString(value));
}

JsonObject& JsonObject::Add(absl::string_view key, int64_t value) {
  return AddJson(key, absl::StrCat(value));
}

JsonObject& JsonObject::Add(absl::string_view key, double value) {
  return AddJson(
      key, std::isfinite(value) ? absl::StrFormat("%.9g", value) : "null");
}

JsonObject& JsonObject::Add(absl::string_view key, bool value) {
  return AddJson(key, value ? "true" : "false");
}

std::string JsonObject::Text() const { return absl::StrCat("{", fields_, "}"); }

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string out;
  const auto status =
      google::protobuf::util::MessageToJsonString(message, &out, options);
  if (status.ok()) return out;
  return JsonObject().Add("error", std::string(status.message())).Text();
}

}  // namespace phosphene::client
