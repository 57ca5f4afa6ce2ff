#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "phosphene/v1/transform.pb.h"

namespace phosphene::client {

// Transforms as --transforms takes them: names joined by commas, each with
// its values behind colons.
//   standard | none | transparent       the presets
//   pad:PIXELS  jitter:PIXELS  scale:F:F:...  rotate:DEGREES:...  crop:N[xN]
//   flip[:CHANCE]  blur[:MAX_SIGMA]  noise[:SD]  color[:SD]  roll[:PIXELS]
//   background  resize:N[xN]  fit[:N[xN]]
// A part that ends in /row draws anew for each image of the batch:
// jitter:8/row.
// Errors name the part, what is allowed and the nearest name.
absl::StatusOr<google::protobuf::RepeatedPtrField<v1::Transform>>
ParseTransforms(absl::string_view text);

}  // namespace phosphene::client
