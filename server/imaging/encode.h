#pragma once

#include <cstdint>
#include <functional>
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

// A picture that is made a few rows at a time, so that it is never held as a
// whole. Encoders ask for rows in order, each once.
struct PixelRows {
  int width = 0;
  int height = 0;
  int channels = 0;  // as Image8
  // Rows begin..end-1, [rows, width, channels] samples, to `pixels`. An error
  // ends the encoding with it.
  std::function<absl::Status(int begin, int end, uint8_t* pixels)> read;
  int bits = 8;  // of a sample: 8, or 16 in the byte order of the machine
};
// Those of an image, which must outlive them.
PixelRows RowsOf(const Image8& image);
PixelRows RowsOf(const Image16& image);

struct PngOptions {
  int compression = 6;  // zlib level, 0..9
  // Text chunks, key (1-79 Latin-1 characters) and UTF-8 value; long ones are
  // compressed.
  std::vector<std::pair<std::string, std::string>> text;
};
// 1 to 4 channels, lossless, at most 2^31-1 on a side.
absl::StatusOr<std::string> EncodePng(const Image8& image,
                                      const PngOptions& options = {});
absl::StatusOr<std::string> EncodePng(const Image16& image,
                                      const PngOptions& options = {});
absl::StatusOr<std::string> EncodePng(const PixelRows& image,
                                      const PngOptions& options = {});

struct TiffOptions {
  int compression = 6;      // zlib level, 1..9
  std::string description;  // ImageDescription, ASCII; "" for none
};
// 1 to 4 channels of 8 bits, lossless, in tiles of 256 x 256, straight alpha;
// below 4 GiB.
absl::StatusOr<std::string> EncodeTiff(const Image8& image,
                                       const TiffOptions& options = {});
absl::StatusOr<std::string> EncodeTiff(const PixelRows& image,
                                       const TiffOptions& options = {});

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

struct GifOptions {
  int frames_per_second = 10;  // 1..50; shown in whole hundredths of a second
  bool ping_pong = false;      // as AnimatedWebpOptions
  std::string comment;         // ASCII; "" for none
};
// Frames of one size, each with the 256 colours that suit it best, dithered
// (see palette.h), in a loop without end; alpha is there or not. At most 65535
// on a side.
absl::StatusOr<std::string> EncodeGif(const std::vector<Image8>& frames,
                                      const GifOptions& options = {});

struct ApngOptions {
  int frames_per_second = 10;  // 1..60
  bool ping_pong = false;      // as AnimatedWebpOptions
  int compression = 6;         // zlib level, 0..9
  std::vector<std::pair<std::string, std::string>> text;  // as PngOptions
};
// Frames of one size, lossless, with alpha, in a loop without end. Programs
// that know PNG alone show the first.
absl::StatusOr<std::string> EncodeApng(const std::vector<Image8>& frames,
                                       const ApngOptions& options = {});

// The text chunks of a PNG, in order; empty for a PNG without and for bytes
// that are none. Reads at most 16 MiB of text.
std::vector<std::pair<std::string, std::string>> ReadPngText(
    absl::string_view png);

}  // namespace phosphene
