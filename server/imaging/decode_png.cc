// PNG to pixels, by libpng.

#include <png.h>

#include "absl/strings/str_cat.h"
#include "server/imaging/codecs.h"

namespace phosphene {

// libpng's simplified reader: it expands palettes and bit depths, keeps alpha
// straight, and has no setjmp for callers to get wrong.
absl::StatusOr<Image8> DecodePng(absl::string_view bytes,
                                 const ImageInfo& info) {
  png_image png = {};
  png.version = PNG_IMAGE_VERSION;
  const auto broken = [&png] {
    const absl::Status status = absl::InvalidArgumentError(
        absl::StrCat("broken PNG image: ", png.message));
    png_image_free(&png);
    return status;
  };
  if (!png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()))
    return broken();
  if (png.width != static_cast<uint32_t>(info.width) ||
      png.height != static_cast<uint32_t>(info.height)) {
    png_image_free(&png);
    return absl::InvalidArgumentError(
        "broken PNG image: two headers that differ");
  }
  // 16-bit files are sRGB unless they say otherwise, as every viewer takes
  // them.
  png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  png.format &= PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA;
  Image8 image;
  image.width = info.width;
  image.height = info.height;
  image.channels = PNG_IMAGE_PIXEL_CHANNELS(png.format);
  image.pixels.resize(PNG_IMAGE_SIZE(png));
  if (!png_image_finish_read(&png, nullptr, image.pixels.data(), 0, nullptr))
    return broken();
  return image;
}

}  // namespace phosphene
