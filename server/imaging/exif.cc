// The orientation a camera wrote into a file, and the turn it asks for.

#include "server/imaging/exif.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"

namespace phosphene {
namespace {

// A TIFF block: numbers in the byte order its first two bytes state.
class Tiff {
 public:
  explicit Tiff(absl::string_view bytes)
      : bytes_(bytes), big_endian_(absl::StartsWith(bytes, "MM")) {}

  bool valid() const {
    return bytes_.size() >= 8 &&
           (big_endian_ || absl::StartsWith(bytes_, "II")) && U16(2) == 42;
  }
  // 0 beyond the end.
  uint32_t U16(uint64_t at) const {
    if (at + 2 > bytes_.size()) return 0;
    const uint32_t a = Byte(at), b = Byte(at + 1);
    return big_endian_ ? a << 8 | b : b << 8 | a;
  }
  uint32_t U32(uint64_t at) const {
    return big_endian_ ? U16(at) << 16 | U16(at + 2)
                       : U16(at + 2) << 16 | U16(at);
  }

 private:
  uint8_t Byte(uint64_t at) const { return static_cast<uint8_t>(bytes_[at]); }
  absl::string_view bytes_;
  bool big_endian_;
};

constexpr uint32_t kOrientationTag = 0x0112;
constexpr uint32_t kShortType = 3;

}  // namespace

int ExifOrientation(absl::string_view exif) {
  constexpr absl::string_view kPrefix("Exif\0\0", 6);
  if (absl::StartsWith(exif, kPrefix)) exif.remove_prefix(kPrefix.size());
  const Tiff tiff(exif);
  if (!tiff.valid()) return 1;
  const uint64_t directory = tiff.U32(4);
  const uint32_t entries = tiff.U16(directory);
  for (uint32_t i = 0; i < entries; ++i) {
    const uint64_t entry = directory + 2 + 12 * uint64_t{i};
    if (entry + 12 > exif.size()) break;
    if (tiff.U16(entry) != kOrientationTag || tiff.U16(entry + 2) != kShortType)
      continue;
    const uint32_t value = tiff.U16(entry + 8);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Image8 ApplyOrientation(Image8 image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  const bool swap = orientation >= 5;
  // Where the upright image's (0,0) and axes lie in the stored one.
  const bool from_right = orientation == 2 || orientation == 3 ||
                          orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 ||
                           orientation == 6 || orientation == 7;
  Image8 out;
  out.width = swap ? image.height : image.width;
  out.height = swap ? image.width : image.height;
  out.channels = image.channels;
  out.pixels.resize(image.pixels.size());
  uint8_t* to = out.pixels.data();
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x, to += image.channels) {
      const int column = swap ? y : x, row = swap ? x : y;
      const int64_t sx = from_right ? image.width - 1 - column : column;
      const int64_t sy = from_bottom ? image.height - 1 - row : row;
      std::memcpy(to, &image.pixels[(sy * image.width + sx) * image.channels],
                  image.channels);
    }
  }
  return out;
}

}  // namespace phosphene
