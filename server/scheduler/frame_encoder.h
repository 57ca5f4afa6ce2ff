#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "phosphene/v1/job.pb.h"
#include "server/imaging/image.h"

namespace phosphene {

// A picture as a Frame: JPEG of this quality (1..100, 0 for 85), or PNG when
// it has alpha. `name` is left empty.
absl::StatusOr<v1::Frame> EncodeFrame(int64_t step, const Image8& image,
                                      int quality);

}  // namespace phosphene
