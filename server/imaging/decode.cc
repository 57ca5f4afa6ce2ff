// Decodes an image of any known format, upright.

#include "server/imaging/decode.h"

#include <utility>

#include "server/base/status_macros.h"
#include "server/imaging/codecs.h"
#include "server/imaging/exif.h"

namespace phosphene {
namespace {

absl::StatusOr<Image8> DecodeStored(absl::string_view bytes,
                                    const ImageInfo& info,
                                    const ImageLimits& limits) {
  switch (info.format) {
    case ImageFormat::kPng:
      return DecodePng(bytes, info);
    case ImageFormat::kJpeg:
      return DecodeJpeg(bytes, info, limits);
    case ImageFormat::kWebp:
      return DecodeWebp(bytes, info);
    case ImageFormat::kTiff:
      return DecodeTiff(bytes, info, limits);
    case ImageFormat::kGif:
      return DecodeGif(bytes, info);
    case ImageFormat::kBmp:
      return DecodeBmp(bytes, info);
    case ImageFormat::kUnknown:
      break;
  }
  return absl::InternalError(
      "no decoder for a format that has a header reader");
}

}  // namespace

absl::StatusOr<Image8> DecodeImage(absl::string_view bytes,
                                   const DecodeOptions& options) {
  ASSIGN_OR_RETURN(const ImageInfo info, ReadImageInfo(bytes, options.limits));
  ASSIGN_OR_RETURN(Image8 image, DecodeStored(bytes, info, options.limits));
  if (!options.apply_orientation) return image;
  return ApplyOrientation(std::move(image), info.orientation);
}

}  // namespace phosphene
