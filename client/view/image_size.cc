#include "client/view/image_size.h"

#include <cstdint>
#include <fstream>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/base/status_macros.h"

namespace phosphene::client {
namespace {

using absl::string_view;

uint32_t Byte(string_view bytes, size_t at) {
  return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0;
}
uint32_t Big16(string_view b, size_t at) {
  return Byte(b, at) << 8 | Byte(b, at + 1);
}
uint32_t Big32(string_view b, size_t at) {
  return Big16(b, at) << 16 | Big16(b, at + 2);
}
uint32_t Little16(string_view b, size_t at) {
  return Byte(b, at) | Byte(b, at + 1) << 8;
}
uint32_t Little32(string_view b, size_t at) {
  return Little16(b, at) | Little16(b, at + 2) << 16;
}

std::optional<Size> Valid(uint32_t width, uint32_t height) {
  if (width == 0 || height == 0 || width > 1'000'000 || height > 1'000'000)
    return std::nullopt;
  return Size{static_cast<int>(width), static_cast<int>(height)};
}

// Orientations 5..8 of EXIF swap width and height.
bool IsTurned(string_view exif) {
  if (!absl::StartsWith(exif, string_view("Exif\0\0", 6))) return false;
  const string_view tiff = exif.substr(6);
  const bool little = absl::StartsWith(tiff, "II");
  const auto u16 = [&](size_t at) {
    return little ? Little16(tiff, at) : Big16(tiff, at);
  };
  const size_t directory = little ? Little32(tiff, 4) : Big32(tiff, 4);
  const uint32_t entries = u16(directory);
  constexpr uint32_t kOrientation = 0x0112;
  for (uint32_t i = 0; i < entries && directory + 14 + 12 * i <= tiff.size();
       ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (u16(entry) == kOrientation)
      return u16(entry + 8) >= 5 && u16(entry + 8) <= 8;
  }
  return false;
}

std::optional<Size> JpegSize(string_view bytes) {
  bool turned = false;
  for (size_t at = 2; at + 9 < bytes.size();) {
    if (Byte(bytes, at) != 0xff) return std::nullopt;
    const uint32_t marker = Byte(bytes, at + 1);
    if (marker == 0xff) {  // padding
      ++at;
      continue;
    }
    const uint32_t length = Big16(bytes, at + 2);
    const bool frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 &&
                       marker != 0xc8 && marker != 0xcc;
    if (frame) {
      const uint32_t height = Big16(bytes, at + 5),
                     width = Big16(bytes, at + 7);
      return turned ? Valid(height, width) : Valid(width, height);
    }
    if (marker == 0xe1) turned |= IsTurned(bytes.substr(at + 4, length));
    at += 2 + length;
  }
  return std::nullopt;
}

std::optional<Size> WebpSize(string_view bytes) {
  const string_view kind = bytes.substr(12, 4);
  if (kind == "VP8X") {
    const auto u24 = [&](size_t at) {
      return Little16(bytes, at) | Byte(bytes, at + 2) << 16;
    };
    return Valid(u24(24) + 1, u24(27) + 1);
  }
  if (kind == "VP8L") {
    const uint32_t bits = Little32(bytes, 21);
    return Valid((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
  }
  if (kind == "VP8 ")
    return Valid(Little16(bytes, 26) & 0x3fff, Little16(bytes, 28) & 0x3fff);
  return std::nullopt;
}

}  // namespace

absl::StatusOr<Size> ImageSize(string_view bytes) {
  std::optional<Size> size;
  if (absl::StartsWith(bytes, "\x89PNG\r\n\x1a\n") && bytes.size() >= 24) {
    size = Valid(Big32(bytes, 16), Big32(bytes, 20));
  } else if (absl::StartsWith(bytes, "\xff\xd8\xff")) {
    size = JpegSize(bytes);
  } else if (absl::StartsWith(bytes, "RIFF") && bytes.size() >= 30 &&
             bytes.substr(8, 4) == "WEBP") {
    size = WebpSize(bytes);
  }
  if (size.has_value()) return *size;
  return absl::InvalidArgumentError(
      "not a PNG, JPEG or WebP image, or cut off");
}

absl::StatusOr<Size> ImageFileSize(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return absl::NotFoundError(absl::StrCat("cannot open \"", path, "\""));
  constexpr std::streamsize kHead = 1 << 20;
  std::string head(kHead, '\0');
  file.read(head.data(), kHead);
  head.resize(static_cast<size_t>(file.gcount()));
  const absl::StatusOr<Size> size = ImageSize(head);
  if (size.ok()) return size;
  return absl::InvalidArgumentError(
      absl::StrCat("\"", path, "\": ", size.status().message()));
}

}  // namespace phosphene::client
