#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/view/pixels.h"

namespace phosphene::client {

// An endless animated WebP, a picture a frame. INVALID_ARGUMENT: no frames,
// frames of several sizes or beyond 16383 pixels on a side.
// `frames_per_second` 1..60, `quality` 1..100.
absl::StatusOr<std::string> EncodeAnimation(const std::vector<Pixels>& frames,
                                            int frames_per_second, int quality);

}  // namespace phosphene::client
