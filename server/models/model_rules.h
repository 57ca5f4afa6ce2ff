#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/model.pb.h"
#include "server/base/faults.h"

namespace phosphene {

// "NAME" of "models/NAME" or "NAME". INVALID_ARGUMENT when NAME is not 1-63
// characters of a-z 0-9 - _ . that begin with a letter or digit; such a name
// is also safe as a file's name. `field` is for the message.
absl::StatusOr<std::string> ModelId(absl::string_view name,
                                    absl::string_view field);

// Adds a fault for everything in `config` that no network could use: numbers
// that are not finite, an empty range, a standard deviation of 0, mean and std
// of different lengths, more than 100,000 labels or 10,000 aliases. `field` is
// the path of `config` in the request.
void CheckModelConfig(const v1::ModelConfig& config, absl::string_view field,
                      Faults& faults);

}  // namespace phosphene
