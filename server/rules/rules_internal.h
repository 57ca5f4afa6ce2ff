#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "phosphene/v1/rules.pb.h"

namespace phosphene {

// Parts of AllowedText, for the walker.

// What a text of that kind looks like; "" for any text.
absl::string_view FormatText(v1::FieldRules::Is is);
// What one value of the field may be.
std::string ValueAllowed(const google::protobuf::FieldDescriptor& field);
// How many entries: "1..16", "at most 64", "9"; "" where any number goes.
std::string CountAllowed(const v1::FieldRules& rules);

}  // namespace phosphene
