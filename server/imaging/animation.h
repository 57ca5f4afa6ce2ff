#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "server/imaging/image.h"

namespace phosphene {

// What the formats of animations share.

// INVALID_ARGUMENT unless there are frames, all of one size and of channels 1
// to 4, and `frames_per_second` is 1..`most`.
absl::Status CheckFrames(const std::vector<Image8>& frames,
                         int frames_per_second, int most);

// Indices of `count` frames in the order shown: one after the other, or forth
// and back with the inner ones once each way.
std::vector<size_t> ShownOrder(size_t count, bool ping_pong);

}  // namespace phosphene
