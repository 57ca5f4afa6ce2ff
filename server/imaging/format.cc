// What an image file is and how large, from its header alone.

#include "server/imaging/format.h"

#include <webp/decode.h>
#include <webp/demux.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/codecs.h"
#include "server/imaging/exif.h"
#include "server/imaging/foreign.h"

namespace phosphene {
namespace {

constexpr absl::string_view kPngSignature("\x89PNG\r\n\x1a\n", 8);

uint32_t Byte(absl::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}
uint32_t BigEndian16(absl::string_view bytes, size_t at) {
  return Byte(bytes, at) << 8 | Byte(bytes, at + 1);
}
uint32_t BigEndian32(absl::string_view bytes, size_t at) {
  return BigEndian16(bytes, at) << 16 | BigEndian16(bytes, at + 2);
}

absl::Status Broken(ImageFormat format, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("broken ", FormatName(format), " image: ", what));
}

struct Size {
  int64_t width = 0, height = 0;
  int orientation = 1;
};

absl::StatusOr<Size> PngSize(absl::string_view bytes) {
  if (bytes.size() < 33 || bytes.substr(12, 4) != "IHDR") {
    return Broken(ImageFormat::kPng, "no header");
  }
  Size size{BigEndian32(bytes, 16), BigEndian32(bytes, 20)};
  // Chunks before the pixels: length, type, data, CRC.
  for (size_t at = 8; at + 12 <= bytes.size();) {
    const size_t length = BigEndian32(bytes, at);
    const absl::string_view type = bytes.substr(at + 4, 4);
    if (type == "IDAT" || length > bytes.size() - at - 12) break;
    if (type == "eXIf")
      size.orientation = ExifOrientation(bytes.substr(at + 8, length));
    at += 12 + length;
  }
  return size;
}

bool IsStartOfFrame(uint32_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 &&
         marker != 0xCC;
}

// Walks the marker segments up to the frame header.
absl::StatusOr<Size> JpegSize(absl::string_view bytes) {
  Size size;
  size_t at = 2;
  while (at + 4 <= bytes.size()) {
    if (Byte(bytes, at) != 0xFF)
      return Broken(ImageFormat::kJpeg, "no marker where one is due");
    const uint32_t marker = Byte(bytes, at + 1);
    if (marker == 0xFF) {  // fill byte
      ++at;
      continue;
    }
    const size_t length = BigEndian16(bytes, at + 2);
    if (length < 2 || at + 2 + length > bytes.size()) break;
    const absl::string_view segment = bytes.substr(at + 4, length - 2);
    if (marker == 0xE1 && absl::StartsWith(segment, "Exif")) {
      size.orientation = ExifOrientation(segment);
    }
    if (IsStartOfFrame(marker)) {
      if (segment.size() < 6) break;
      size.height = BigEndian16(segment, 1);
      size.width = BigEndian16(segment, 3);
      return size;
    }
    at += 2 + length;
  }
  return Broken(ImageFormat::kJpeg, "it ends before the frame header");
}

absl::StatusOr<Size> WebpSize(absl::string_view bytes) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK) {
    return Broken(ImageFormat::kWebp, "its header does not parse");
  }
  Size size{features.width, features.height};
  const WebPData webp{data, bytes.size()};
  if (WebPDemuxer* demuxer = WebPDemux(&webp); demuxer != nullptr) {
    WebPChunkIterator chunk;
    if (WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk)) {
      size.orientation = ExifOrientation(
          {reinterpret_cast<const char*>(chunk.chunk.bytes), chunk.chunk.size});
      WebPDemuxReleaseChunkIterator(&chunk);
    }
    WebPDemuxDelete(demuxer);
  }
  return size;
}

absl::StatusOr<Size> TiffSize(absl::string_view bytes) {
  Size size;
  RETURN_IF_ERROR(
      ReadTiffHeader(bytes, &size.width, &size.height, &size.orientation));
  return size;
}

absl::StatusOr<Size> GifSize(absl::string_view bytes) {
  Size size;
  RETURN_IF_ERROR(ReadGifHeader(bytes, &size.width, &size.height));
  return size;
}

absl::StatusOr<Size> BmpSize(absl::string_view bytes) {
  Size size;
  RETURN_IF_ERROR(ReadBmpHeader(bytes, &size.width, &size.height));
  return size;
}

absl::Status NoImage(absl::string_view bytes) {
  if (bytes.empty())
    return absl::InvalidArgumentError("not an image: it is empty");
  const std::string looks = LooksLike(bytes);
  return absl::InvalidArgumentError(absl::StrCat(
      "not an image that is read here: ",
      looks.empty() ? "by its first bytes it is of no known format" : looks,
      "; allowed ", kReadFormats));
}

absl::StatusOr<Size> SizeOf(ImageFormat format, absl::string_view bytes) {
  switch (format) {
    case ImageFormat::kPng:
      return PngSize(bytes);
    case ImageFormat::kJpeg:
      return JpegSize(bytes);
    case ImageFormat::kWebp:
      return WebpSize(bytes);
    case ImageFormat::kTiff:
      return TiffSize(bytes);
    case ImageFormat::kGif:
      return GifSize(bytes);
    case ImageFormat::kBmp:
      return BmpSize(bytes);
    case ImageFormat::kUnknown:
      break;
  }
  return NoImage(bytes);
}

absl::Status CheckLimits(ImageFormat format, const Size& size,
                         const ImageLimits& limits) {
  const std::string what = absl::StrCat(FormatName(format), " image of ",
                                        size.width, " x ", size.height);
  if (size.width < 1 || size.height < 1)
    return absl::InvalidArgumentError(what + " has no pixels");
  if (size.width > limits.max_side || size.height > limits.max_side) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, " is too large; at most ", limits.max_side, " on a side"));
  }
  if (size.width * size.height > limits.max_pixels) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, " is too large; at most ", limits.max_pixels, " pixels"));
  }
  return absl::OkStatus();
}

// "BM" alone may be text; the size of the second header is one of few.
bool IsBmp(absl::string_view bytes) {
  return absl::StartsWith(bytes, "BM") && bytes.size() >= 18 &&
         Byte(bytes, 14) >= 12 && Byte(bytes, 14) <= 128 &&
         bytes.substr(15, 3) == absl::string_view("\0\0\0", 3);
}

}  // namespace

ImageFormat SniffFormat(absl::string_view bytes) {
  if (absl::StartsWith(bytes, kPngSignature)) return ImageFormat::kPng;
  if (absl::StartsWith(bytes, "\xFF\xD8\xFF")) return ImageFormat::kJpeg;
  if (absl::StartsWith(bytes, "RIFF") && bytes.size() >= 12 &&
      bytes.substr(8, 4) == "WEBP") {
    return ImageFormat::kWebp;
  }
  // Little- and big-endian, classic and BigTIFF.
  for (const absl::string_view magic :
       {absl::string_view("II*\0", 4), absl::string_view("MM\0*", 4),
        absl::string_view("II+\0", 4), absl::string_view("MM\0+", 4)}) {
    if (absl::StartsWith(bytes, magic)) return ImageFormat::kTiff;
  }
  if (absl::StartsWith(bytes, "GIF87a") || absl::StartsWith(bytes, "GIF89a"))
    return ImageFormat::kGif;
  if (IsBmp(bytes)) return ImageFormat::kBmp;
  return ImageFormat::kUnknown;
}

absl::string_view FormatName(ImageFormat format) {
  switch (format) {
    case ImageFormat::kPng:
      return "PNG";
    case ImageFormat::kJpeg:
      return "JPEG";
    case ImageFormat::kWebp:
      return "WebP";
    case ImageFormat::kTiff:
      return "TIFF";
    case ImageFormat::kGif:
      return "GIF";
    case ImageFormat::kBmp:
      return "BMP";
    case ImageFormat::kUnknown:
      break;
  }
  return "unknown";
}

absl::string_view MediaType(ImageFormat format) {
  switch (format) {
    case ImageFormat::kPng:
      return "image/png";
    case ImageFormat::kJpeg:
      return "image/jpeg";
    case ImageFormat::kWebp:
      return "image/webp";
    case ImageFormat::kTiff:
      return "image/tiff";
    case ImageFormat::kGif:
      return "image/gif";
    case ImageFormat::kBmp:
      return "image/bmp";
    case ImageFormat::kUnknown:
      break;
  }
  return "";
}

absl::StatusOr<ImageInfo> ReadImageInfo(absl::string_view bytes,
                                        const ImageLimits& limits) {
  if (static_cast<int64_t>(bytes.size()) > limits.max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("image file of ", bytes.size(),
                     " bytes is too large; at most ", limits.max_bytes));
  }
  const ImageFormat format = SniffFormat(bytes);
  ASSIGN_OR_RETURN(const Size size, SizeOf(format, bytes));
  RETURN_IF_ERROR(CheckLimits(format, size, limits));
  ImageInfo info;
  info.format = format;
  info.width = static_cast<int>(size.width);
  info.height = static_cast<int>(size.height);
  info.orientation = size.orientation;
  return info;
}

}  // namespace phosphene
