#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/imaging/format.h"

namespace phosphene {

// Images of at most so many pixels are decoded to see whether they can be.
constexpr int64_t kTriedPixels = int64_t{1} << 24;  // 4096 x 4096, 67 MB

// That an image can be read to its end, so that a job is refused at once and
// does not fail when it runs: what ReadImageInfo tells, and of images up to
// kTriedPixels what DecodeImage tells, one at a time in the program and each
// file once (the last thousand are remembered by a hash); of larger ones that
// the file is not cut off (and of a PNG its checksums), without memory for
// pixels. Thread-safe.
absl::Status TryImage(absl::string_view bytes, const ImageLimits& limits = {});

}  // namespace phosphene
