#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/imaging/encode.h"
#include "server/imaging/format.h"
#include "server/imaging/image.h"

namespace phosphene {

// One decoder a format, behind DecodeImage. `info` is that of ReadImageInfo on
// the same bytes, so sizes are within `limits`; a decoder that finds another
// size than the header's refuses.
absl::StatusOr<Image8> DecodePng(absl::string_view bytes,
                                 const ImageInfo& info);
absl::StatusOr<Image8> DecodeJpeg(absl::string_view bytes,
                                  const ImageInfo& info,
                                  const ImageLimits& limits);
absl::StatusOr<Image8> DecodeWebp(absl::string_view bytes,
                                  const ImageInfo& info);
absl::StatusOr<Image8> DecodeTiff(absl::string_view bytes,
                                  const ImageInfo& info,
                                  const ImageLimits& limits);

absl::StatusOr<Image8> DecodeGif(absl::string_view bytes,
                                 const ImageInfo& info);
absl::StatusOr<Image8> DecodeBmp(absl::string_view bytes,
                                 const ImageInfo& info);

// Of the first picture of a TIFF, by its directory alone.
absl::Status ReadTiffHeader(absl::string_view bytes, int64_t* width,
                            int64_t* height, int* orientation);
// That its strips or tiles lie within the bytes.
absl::Status CheckTiffBlocks(absl::string_view bytes);
// Of a GIF with its first frame, which may reach past the stated screen.
absl::Status ReadGifHeader(absl::string_view bytes, int64_t* width,
                           int64_t* height);
absl::Status ReadBmpHeader(absl::string_view bytes, int64_t* width,
                           int64_t* height);

// INVALID_ARGUMENT unless width, height >= 1, channels in 1..4 and the pixel
// count fits.
absl::Status CheckImage(const Image8& image);
absl::Status CheckImage(const Image16& image);
// The same of its size alone.
absl::Status CheckSize(const PixelRows& image);

}  // namespace phosphene
