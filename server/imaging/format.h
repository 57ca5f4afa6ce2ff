#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene {

enum class ImageFormat { kUnknown, kPng, kJpeg, kWebp, kTiff, kGif, kBmp };

// The format by the first bytes; file names and declared types don't count.
ImageFormat SniffFormat(absl::string_view bytes);

// "PNG", "JPEG", "WebP", "TIFF", "GIF", "BMP" or "unknown", and "image/png" and
// the like ("" when unknown).
absl::string_view FormatName(ImageFormat format);
absl::string_view MediaType(ImageFormat format);

// How large an image may be; checked on the header, before any memory is spent
// on pixels.
struct ImageLimits {
  int64_t max_side = 32768;         // pixels
  int64_t max_pixels = 1LL << 27;   // 134 million: 11585 x 11585
  int64_t max_bytes = 256LL << 20;  // of the encoded file
  int max_jpeg_scans = 200;  // a progressive file is decoded scan by scan
};

// What the header of an encoded image says. Width and height are the stored
// ones: EXIF orientation not applied.
struct ImageInfo {
  ImageFormat format = ImageFormat::kUnknown;
  int width = 0;
  int height = 0;
  int orientation = 1;  // EXIF, 1..8; 1 when absent or nonsense
};

// The formats that are read, for messages: "PNG, JPEG, ...".
constexpr absl::string_view kReadFormats = "PNG, JPEG, WebP, TIFF, GIF or BMP";

// Reads the header. INVALID_ARGUMENT: not an image of these formats (the
// message says what it looks like and how to convert it, see foreign.h),
// broken, or over the limits (the message names the size and the limit).
absl::StatusOr<ImageInfo> ReadImageInfo(absl::string_view bytes,
                                        const ImageLimits& limits = {});

}  // namespace phosphene
