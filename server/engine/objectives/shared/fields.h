#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"
#include "server/engine/objectives/interface.h"

namespace phosphene {

// Helpers that the kinds' check and make functions share.

// The layer an image penalty looks at: "input" where unset.
inline absl::string_view LayerOrInput(const std::string& layer) {
  return layer.empty() ? absl::string_view("input") : absl::string_view(layer);
}

// Channels of a layer by its name in the spec; 0 where not known.
int64_t LayerChannels(const NetworkInfo* network, const Canvas& canvas,
                      absl::string_view layer);

// Adds a fault unless there are `count` values (any number above 0 when count
// is 0, not known) and all are finite.
void CheckValues(const google::protobuf::RepeatedField<float>& values,
                 int64_t count, absl::string_view path, Faults& faults);

// [n] f32 on the CPU.
at::Tensor ValuesTensor(const google::protobuf::RepeatedField<float>& values);

}  // namespace phosphene
