// JSON on one line: strings and numbers by nlohmann-json, messages by protobuf.

#include "client/base/json.h"

#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace phosphene::client {
namespace {

// On one line; what is not UTF-8 becomes U+FFFD, NaN and infinities null.
std::string Dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', /*ensure_ascii=*/false,
                    nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string JsonString(absl::string_view text) {
  return Dump(std::string(text));
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
  return AddJson(key, Dump(value));
}

JsonObject& JsonObject::Add(absl::string_view key, double value) {
  return AddJson(key, Dump(value));
}

JsonObject& JsonObject::Add(absl::string_view key, bool value) {
  return AddJson(key, Dump(value));
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
