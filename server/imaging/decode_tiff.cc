// TIFF to pixels, by libtiff: strip by strip or tile by tile.

#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/codecs.h"
#include "server/imaging/tiff_bytes.h"

namespace phosphene {
namespace {

// A rectangle of pixels that is stored as one.
struct Block {
  uint32_t x = 0, y = 0, width = 0, height = 0;  // height as stored
};

// What the header says of the first picture.
struct Layout {
  uint32_t width = 0, height = 0;
  uint16_t bits = 1, samples = 1, photometric = 0, planar = 1, format = 1;
  bool associated = false;  // colours are multiplied by alpha
  bool tiled = false;
  uint32_t block_width = 0, block_height = 0;

  explicit Layout(TIFF* tiff) {
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    uint16_t extra = 0, *kinds = nullptr;
    if (TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &extra, &kinds) && extra > 0)
      associated = kinds[0] == EXTRASAMPLE_ASSOCALPHA;
    tiled = TIFFIsTiled(tiff) != 0;
    if (tiled) {
      TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &block_width);
      TIFFGetField(tiff, TIFFTAG_TILELENGTH, &block_height);
    } else {
      block_width = width;
      TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &block_height);
      block_height = std::min(block_height, height);
    }
  }

  // Samples are what they show: grey or RGB, with or without alpha.
  bool Plain() const {
    const bool grey = photometric == PHOTOMETRIC_MINISBLACK && samples <= 2;
    const bool rgb =
        photometric == PHOTOMETRIC_RGB && (samples == 3 || samples == 4);
    return (grey || rgb) && (bits == 8 || bits == 16) &&
           format == SAMPLEFORMAT_UINT && planar == PLANARCONFIG_CONTIG;
  }
};

// Colours divided by alpha.
void Straighten(uint8_t* pixel, int channels) {
  const int alpha = pixel[channels - 1];
  if (alpha == 0 || alpha == 255) return;
  for (int c = 0; c + 1 < channels; ++c)
    pixel[c] = static_cast<uint8_t>(
        std::min(255, (pixel[c] * 255 + alpha / 2) / alpha));
}

// The part of a block that lies in the image, to 8 bits.
void Place(const Layout& layout, const Block& block,
           const std::vector<uint8_t>& raw, Image8& image) {
  const uint32_t width = std::min(block.width, layout.width - block.x),
                 height = std::min(block.height, layout.height - block.y);
  const size_t samples = layout.samples, bytes = layout.bits / 8;
  for (uint32_t y = 0; y < height; ++y) {
    const uint8_t* from = raw.data() + y * block.width * samples * bytes;
    uint8_t* to =
        image.pixels.data() +
        (static_cast<size_t>(block.y + y) * layout.width + block.x) * samples;
    for (size_t i = 0; i < width * samples; ++i) {
      if (bytes == 1) {
        to[i] = from[i];
      } else {
        uint16_t value = 0;
        std::memcpy(&value, from + 2 * i, 2);
        to[i] = static_cast<uint8_t>((value * 255u + 32767u) / 65535u);
      }
    }
    if (layout.associated && samples % 2 == 0) {
      for (uint32_t x = 0; x < width; ++x)
        Straighten(to + x * samples, static_cast<int>(samples));
    }
  }
}

absl::Status ReadPlain(const TiffBytes& file, const Layout& layout,
                       Image8& image) {
  const tmsize_t size =
      layout.tiled ? TIFFTileSize(file.handle()) : TIFFStripSize(file.handle());
  const size_t row = static_cast<size_t>(layout.block_width) * layout.samples *
                     (layout.bits / 8);
  if (size <= 0 || static_cast<size_t>(size) != row * layout.block_height) {
    return file.Error();
  }
  std::vector<uint8_t> raw(size);
  uint32_t index = 0;
  for (uint32_t y = 0; y < layout.height; y += layout.block_height) {
    for (uint32_t x = 0; x < layout.width; x += layout.block_width) {
      const tmsize_t got =
          layout.tiled
              ? TIFFReadEncodedTile(file.handle(), index, raw.data(), size)
              : TIFFReadEncodedStrip(file.handle(), index, raw.data(), size);
      ++index;
      const uint32_t rows = std::min(layout.block_height, layout.height - y);
      const size_t needed = layout.tiled ? size : rows * row;
      if (got < 0 || static_cast<size_t>(got) < needed) return file.Error();
      Place(layout, {x, y, layout.block_width, layout.block_height}, raw,
            image);
    }
  }
  return absl::OkStatus();
}

// Palettes, CMYK, YCbCr, one bit and what else libtiff shows as RGB.
absl::Status ReadShown(const TiffBytes& file, const Layout& layout,
                       Image8& image) {
  std::vector<uint32_t> raster(static_cast<size_t>(layout.block_width) *
                               layout.block_height);
  for (uint32_t y = 0; y < layout.height; y += layout.block_height) {
    for (uint32_t x = 0; x < layout.width; x += layout.block_width) {
      const int ok =
          layout.tiled
              ? TIFFReadRGBATileExt(file.handle(), x, y, raster.data(), 1)
              : TIFFReadRGBAStripExt(file.handle(), y, raster.data(), 1);
      if (!ok) return file.Error();
      // Rows come bottom first; those past the end of a tile are left out.
      const uint32_t rows = std::min(layout.block_height, layout.height - y),
                     columns = std::min(layout.block_width, layout.width - x),
                     stored = layout.tiled ? layout.block_height : rows;
      for (uint32_t i = 0; i < rows; ++i) {
        const uint32_t* from =
            raster.data() +
            static_cast<size_t>(stored - 1 - i) * layout.block_width;
        uint8_t* to = image.pixels.data() +
                      (static_cast<size_t>(y + i) * layout.width + x) * 3;
        for (uint32_t j = 0; j < columns; ++j) {
          to[3 * j] = TIFFGetR(from[j]);
          to[3 * j + 1] = TIFFGetG(from[j]);
          to[3 * j + 2] = TIFFGetB(from[j]);
        }
      }
    }
  }
  return absl::OkStatus();
}

// Raw photos are TIFFs whose first picture is a small one of what follows.
bool IsPreview(TIFF* tiff) {
  uint32_t kind = 0;
  TIFFGetField(tiff, TIFFTAG_SUBFILETYPE, &kind);
  return (kind & FILETYPE_REDUCEDIMAGE) != 0;
}

}  // namespace

absl::Status ReadTiffHeader(absl::string_view bytes, int64_t* width,
                            int64_t* height, int* orientation) {
  const auto file = TiffBytes::Read(bytes);
  if (file->handle() == nullptr) return file->Error();
  if (IsPreview(file->handle())) {
    return absl::InvalidArgumentError(
        "a camera's raw photo (DNG, NEF, CR2 and the like): what can be read "
        "of "
        "it is a small preview; develop it first, such as by magick in.dng "
        "photo.png");
  }
  const Layout layout(file->handle());
  *width = layout.width;
  *height = layout.height;
  uint16_t turned = 1;
  TIFFGetFieldDefaulted(file->handle(), TIFFTAG_ORIENTATION, &turned);
  *orientation = turned >= 1 && turned <= 8 ? turned : 1;
  return absl::OkStatus();
}

absl::Status CheckTiffBlocks(absl::string_view bytes) {
  const auto file = TiffBytes::Read(bytes);
  if (file->handle() == nullptr) return file->Error();
  TIFF* const tiff = file->handle();
  const uint32_t count =
      TIFFIsTiled(tiff) ? TIFFNumberOfTiles(tiff) : TIFFNumberOfStrips(tiff);
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t at = TIFFGetStrileOffset(tiff, i),
                   size = TIFFGetStrileByteCount(tiff, i);
    if (at <= bytes.size() && size <= bytes.size() - at) continue;
    return absl::InvalidArgumentError(
        "broken TIFF image: it is cut off; send or save the file again");
  }
  return absl::OkStatus();
}

absl::StatusOr<Image8> DecodeTiff(absl::string_view bytes,
                                  const ImageInfo& info,
                                  const ImageLimits& limits) {
  const auto file = TiffBytes::Read(bytes);
  if (file->handle() == nullptr) return file->Error();
  const Layout layout(file->handle());
  const bool same = layout.width == static_cast<uint32_t>(info.width) &&
                    layout.height == static_cast<uint32_t>(info.height);
  // A block of a tile is held as a whole, however small the image is.
  const int64_t block =
      static_cast<int64_t>(layout.block_width) * layout.block_height;
  if (!same || layout.block_width < 1 || layout.block_height < 1 ||
      block > limits.max_pixels) {
    return absl::InvalidArgumentError(
        absl::StrCat("broken TIFF image: blocks of ", layout.block_width, " x ",
                     layout.block_height, " pixels"));
  }
  Image8 image;
  image.width = info.width;
  image.height = info.height;
  image.channels = layout.Plain() ? layout.samples : 3;
  image.pixels.resize(static_cast<size_t>(info.width) * info.height *
                      image.channels);
  // Turning it is the caller's, as of every format.
  TIFFSetField(file->handle(), TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  RETURN_IF_ERROR(layout.Plain() ? ReadPlain(*file, layout, image)
                                 : ReadShown(*file, layout, image));
  return image;
}

}  // namespace phosphene
