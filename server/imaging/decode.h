#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/imaging/format.h"
#include "server/imaging/image.h"

namespace phosphene {

struct DecodeOptions {
  ImageLimits limits;
  // Turn the image upright by its EXIF orientation.
  bool apply_orientation = true;
};

// Decodes a PNG (any depth, palette, interlaced, 16 bits rounded to 8), JPEG
// (grey, colour, CMYK; baseline or progressive), WebP (of an animation the
// first frame), TIFF (the first picture; strips or tiles, 8 or 16 bits, and
// what libtiff shows as RGB), GIF (the first frame) or BMP. Channels are the
// file's: 1 grey, 2 grey+alpha, 3 RGB, 4 RGBA; WebP, GIF and BMP give 3 or 4.
// INVALID_ARGUMENT: not an image, broken, truncated, or over the limits; then
// no memory was spent on pixels. Thread-safe.
absl::StatusOr<Image8> DecodeImage(absl::string_view bytes,
                                   const DecodeOptions& options = {});

}  // namespace phosphene
