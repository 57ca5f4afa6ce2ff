#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace phosphene::client {

// A JSON object on one line, fields in the order added. Thread-compatible.
// Example: JsonObject().Add("file", "a.png").Add("bytes", 12).Text()
class JsonObject {
 public:
  JsonObject& Add(absl::string_view key, absl::string_view value);
  JsonObject& Add(absl::string_view key, const char* value) {
    return Add(key, absl::string_view(value));
  }
  JsonObject& Add(absl::string_view key, const std::string& value) {
    return Add(key, absl::string_view(value));
  }
  JsonObject& Add(absl::string_view key, int64_t value);
  JsonObject& Add(absl::string_view key, int value) {
    return Add(key, int64_t{value});
  }
  // NaN and infinities become null.
  JsonObject& Add(absl::string_view key, double value);
  JsonObject& Add(absl::string_view key, bool value);
  // `json` is JSON already.
  JsonObject& AddJson(absl::string_view key, absl::string_view json);
  std::string Text() const;

 private:
  std::string fields_;
};

// "text" as a JSON string, quoted; bytes that are not UTF-8 become U+FFFD.
std::string JsonString(absl::string_view text);

// A message as one line of protobuf JSON with the field names of the protos.
std::string ToJson(const google::protobuf::Message& message);

}  // namespace phosphene::client
