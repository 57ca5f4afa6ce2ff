#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/imaging/image.h"

namespace phosphene {

// Encoders: pure functions of image and options, so equal pixels make equal
// bytes. Thread-safe. INVALID_ARGUMENT: an image whose pixel count does not
// match its size, of no pixels, or too large for the format.

struct PngOptions {
  int compression = 6;  // zlib level, 0..9
  // Text chunks, key (1-79 Latin-1 characters) and UTF-8 value; long ones are
  // compressed.
  std::vector<std::pair<std::string, std::string>> text;
};
// 1 to 4 channels, lossless, at most 2^31-1 on a side.
absl::StatusOr<std::string> EncodePng(const Image8& image,
                                      const PngOptions& options = {});

struct JpegOptions {
  int quality = 92;  // 1..100
};
// Alpha is composited over black; chroma at half resolution below quality 90.
// At most 65500 on a side.
absl::StatusOr<std::string> EncodeJpeg(const Image8& image,
                                       const JpegOptions& options = {});

struct WebpOptions {
  int quality = 90;  // 1..100
  bool lossless = false;
};
// Keeps alpha. At most 16383 on a side.
absl::StatusOr<std::string> EncodeWebp(const Image8& image,
                                       const WebpOptions& options = {});

struct AnimatedWebpOptions {
  int quality = 85;            // 1..100
  int frames_per_second = 10;  // 1..60
  bool ping_pong = false;      // forth and back, inner frames once each way
};
// Frames of one size, shown in a loop without end.
absl::StatusOr<std::string> EncodeAnimatedWebp(
    const std::vector<Image8>& frames, const AnimatedWebpOptions& options = {});

// The text chunks of a PNG, in order; empty for a PNG without and for bytes
// that are none. Reads at most 16 MiB of text.
std::vector<std::pair<std::string, std::string>> ReadPngText(
    absl::string_view png);

}  // namespace phosphene
