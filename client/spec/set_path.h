#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace phosphene::client {

// Applies `PATH=VALUE` to a message, as `submit --set` does:
//   steps=256   objectives[0].channel.channel=5   precision=FP32
//   model="models/a"   optimizer.adam={beta1: 0.8}   objectives[1]={l1 {}}
// An index equal to the length appends. Messages on the way are made, oneof
// arms switched. Errors (INVALID_ARGUMENT) name the part of the path that does
// not exist and the nearest, or what the field takes.
absl::Status SetPath(google::protobuf::Message* message,
                     absl::string_view assignment);

}  // namespace phosphene::client
