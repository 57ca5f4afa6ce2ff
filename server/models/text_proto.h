#pragma once

#include <google/protobuf/message.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace phosphene {

// Parses protobuf text format strictly. INVALID_ARGUMENT says where
// ("FILE:12:3") and what; an unknown field is answered with the nearest names
// of the message.
absl::Status ParseTextProto(absl::string_view text, absl::string_view file,
                            google::protobuf::Message* message);

}  // namespace phosphene
