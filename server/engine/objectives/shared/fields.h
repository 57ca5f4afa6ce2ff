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

// Adds a fault unless a list has `wanted` entries; 0: any number above 0.
void CheckCount(int count, int64_t wanted, absl::string_view path,
                Faults& faults);
// Adds a fault where a canvas of known rows has but one.
void CheckTwoRows(const Canvas& canvas, absl::string_view path, Faults& faults);
// Adds a fault where a canvas of known channels has no alpha.
void CheckAlpha(const Canvas& canvas, absl::string_view path, Faults& faults);

// [n] f32 on the CPU.
at::Tensor ValuesTensor(const google::protobuf::RepeatedField<float>& values);

}  // namespace phosphene
