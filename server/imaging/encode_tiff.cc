// Pixels to tiled, deflated TIFF, by libtiff.

#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/codecs.h"
#include "server/imaging/encode.h"
#include "server/imaging/tiff_bytes.h"

namespace phosphene {
namespace {

constexpr int kTile = 256;  // pixels; a multiple of 16, as TIFF has it

void SetFields(TIFF* tiff, const PixelRows& image, const TiffOptions& options) {
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, image.width);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, image.height);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, image.channels);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC,
               image.channels < 3 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB);
  TIFFSetField(tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE);
  TIFFSetField(tiff, TIFFTAG_ZIPQUALITY, options.compression);
  TIFFSetField(tiff, TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL);
  TIFFSetField(tiff, TIFFTAG_TILEWIDTH, kTile);
  TIFFSetField(tiff, TIFFTAG_TILELENGTH, kTile);
  if (image.channels % 2 == 0) {
    const uint16_t alpha = EXTRASAMPLE_UNASSALPHA;
    TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &alpha);
  }
  if (!options.description.empty()) {
    TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, options.description.c_str());
  }
}

// One line of tiles from `rows` lines of pixels; what a tile has past the image
// is 0.
bool WriteTiles(TIFF* tiff, const PixelRows& image, int top, int rows,
                std::vector<uint8_t>& lines, std::vector<uint8_t>& tile) {
  const size_t stride = static_cast<size_t>(image.width) * image.channels;
  for (int left = 0; left < image.width; left += kTile) {
    const size_t columns = std::min(kTile, image.width - left);
    std::fill(tile.begin(), tile.end(), uint8_t{0});
    for (int y = 0; y < rows; ++y) {
      std::memcpy(tile.data() + static_cast<size_t>(y) * kTile * image.channels,
                  lines.data() + y * stride +
                      static_cast<size_t>(left) * image.channels,
                  columns * image.channels);
    }
    if (TIFFWriteTile(tiff, tile.data(), left, top, 0, 0) < 0) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::string> EncodeTiff(const PixelRows& image,
                                       const TiffOptions& options) {
  RETURN_IF_ERROR(CheckSize(image));
  const auto file = TiffBytes::Write();
  if (file->handle() == nullptr) return file->Error();
  SetFields(file->handle(), image, options);
  const size_t stride = static_cast<size_t>(image.width) * image.channels;
  std::vector<uint8_t> lines(stride * kTile),
      tile(static_cast<size_t>(kTile) * kTile * image.channels);
  for (int top = 0; top < image.height; top += kTile) {
    const int rows = std::min(kTile, image.height - top);
    RETURN_IF_ERROR(image.read(top, top + rows, lines.data()));
    if (!WriteTiles(file->handle(), image, top, rows, lines, tile))
      return file->Error();
  }
  if (TIFFWriteDirectory(file->handle()) == 0) return file->Error();
  return file->Finish();
}

absl::StatusOr<std::string> EncodeTiff(const Image8& image,
                                       const TiffOptions& options) {
  RETURN_IF_ERROR(CheckImage(image));
  return EncodeTiff(RowsOf(image), options);
}

}  // namespace phosphene
