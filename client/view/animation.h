#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/imaging/image.h"

namespace phosphene::client {

// Whether files of an extension are animations this writes: webp, gif, apng.
bool IsAnimationExtension(absl::string_view extension);

// Frames of one size, one after the other without end, in the format of the
// extension; those of webp are lossy. Errors as of server/imaging/encode.h.
// REQUIRES: IsAnimationExtension(extension).
absl::StatusOr<std::string> EncodeAnimation(absl::string_view extension,
                                            const std::vector<Image8>& frames,
                                            int frames_per_second);

}  // namespace phosphene::client
