// Channels, backdrops, and grids of pictures.

#include "server/imaging/layout.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace phosphene {
namespace {

bool HasAlpha(int channels) { return channels == 2 || channels == 4; }

// Full of a sample: 255 or 65535.
template <typename Image>
constexpr int64_t kFull =
    std::numeric_limits<typename decltype(Image::pixels)::value_type>::max();

// `value` of 255 as a sample.
template <typename Image>
auto Sample(int64_t value) {
  using T = typename decltype(Image::pixels)::value_type;
  return static_cast<T>(value * (kFull<Image> / 255));
}

template <typename Image>
int64_t Luma(const typename decltype(Image::pixels)::value_type* rgb) {
  const double value = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
  return std::clamp<int64_t>(std::lround(value), 0, kFull<Image>);
}

template <typename Image>
Image Blank(int width, int height, int channels, uint8_t fill) {
  Image image;
  image.width = width;
  image.height = height;
  image.channels = channels;
  image.pixels.assign(static_cast<size_t>(width) * height * channels,
                      Sample<Image>(fill));
  return image;
}

// The last channel as a grey picture.
template <typename Image>
Image AlphaOf(const Image& image) {
  Image out = Blank<Image>(image.width, image.height, 1, 0);
  for (size_t i = 0; i < out.pixels.size(); ++i)
    out.pixels[i] = image.pixels[(i + 1) * image.channels - 1];
  return out;
}

// value * alpha / full between 0 and full, rounded.
template <typename Image>
auto Blend(int64_t front, int64_t back, int64_t alpha) {
  using T = typename decltype(Image::pixels)::value_type;
  constexpr int64_t full = kFull<Image>;
  return static_cast<T>((front * alpha + back * (full - alpha) + full / 2) /
                        full);
}

// Grey is Rec. 601 luma, 0.299 R + 0.587 G + 0.114 B.
template <typename Image>
Image Converted(const Image& image, int channels) {
  if (channels == image.channels) return image;
  Image out = Blank<Image>(image.width, image.height, channels, 255);
  const bool grey_in = image.channels <= 2, grey_out = channels <= 2;
  const size_t count = static_cast<size_t>(image.width) * image.height;
  for (size_t i = 0; i < count; ++i) {
    const auto* in = &image.pixels[i * image.channels];
    auto* to = &out.pixels[i * channels];
    if (grey_out) {
      to[0] = grey_in ? in[0] : Luma<Image>(in);
    } else {
      for (int c = 0; c < 3; ++c) to[c] = grey_in ? in[0] : in[c];
    }
    if (HasAlpha(channels) && HasAlpha(image.channels))
      to[channels - 1] = in[image.channels - 1];
  }
  return out;
}

template <typename Image>
Image Placed(const std::vector<Image>& images, const GridOptions& options) {
  int cell_width = 0, cell_height = 0;
  bool color = false, alpha = false;
  for (const Image& image : images) {
    cell_width = std::max(cell_width, image.width);
    cell_height = std::max(cell_height, image.height);
    color = color || image.channels >= 3;
    alpha = alpha || HasAlpha(image.channels);
  }
  const int channels = (color ? 3 : 1) + (alpha ? 1 : 0);
  const int count = static_cast<int>(images.size());
  const int columns = std::min(
      count, options.columns > 0 ? options.columns : NearSquareColumns(count));
  const int rows = (count + columns - 1) / columns;
  Image out = Blank<Image>(columns * cell_width + (columns - 1) * options.gap,
                           rows * cell_height + (rows - 1) * options.gap,
                           channels, options.fill);
  for (int i = 0; i < count; ++i) {
    const Image image = Converted(images[i], channels);
    const int64_t left = i % columns * (cell_width + options.gap) +
                         (cell_width - image.width) / 2;
    const int64_t top = i / columns * (cell_height + options.gap) +
                        (cell_height - image.height) / 2;
    const size_t stride = static_cast<size_t>(image.width) * channels;
    for (int y = 0; y < image.height; ++y) {
      std::copy_n(&image.pixels[y * stride], stride,
                  &out.pixels[((top + y) * out.width + left) * channels]);
    }
  }
  return out;
}

template <typename Image>
Image Over(const Image& image, Backdrop backdrop) {
  if (backdrop == Backdrop::kKeep || !HasAlpha(image.channels)) return image;
  if (backdrop == Backdrop::kBoard) {
    return Placed<Image>(
        {Over(image, Backdrop::kBlack), Over(image, Backdrop::kWhite),
         Over(image, Backdrop::kCheckerboard), AlphaOf(image)},
        {.columns = 2});
  }
  constexpr int kFields = 8;
  constexpr int64_t kLight = 242, kDark = 153;  // 0.95 and 0.6
  const int field = std::max(
      1, (std::max(image.width, image.height) + kFields - 1) / kFields);
  const int colors = image.channels - 1;
  Image out = Blank<Image>(image.width, image.height, colors, 0);
  const auto* in = image.pixels.data();
  auto* to = out.pixels.data();
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x, in += image.channels, to += colors) {
      int64_t back = backdrop == Backdrop::kWhite ? 255 : 0;
      if (backdrop == Backdrop::kCheckerboard)
        back = (x / field + y / field) % 2 ? kDark : kLight;
      for (int c = 0; c < colors; ++c)
        to[c] = Blend<Image>(in[c], Sample<Image>(back), in[colors]);
    }
  }
  return out;
}

}  // namespace

ImageSize FitWithin(int width, int height, int max_side) {
  const int longest = std::max(width, height);
  if (longest <= max_side) return {width, height};
  const double factor = static_cast<double>(max_side) / longest;
  return {std::max(1, static_cast<int>(std::lround(width * factor))),
          std::max(1, static_cast<int>(std::lround(height * factor)))};
}

// The smallest square that holds them.
int NearSquareColumns(int count) {
  int columns = 1;
  while (columns * columns < count) ++columns;
  return columns;
}

Image8 ConvertChannels(const Image8& image, int channels) {
  return Converted(image, channels);
}

Image8 OverBackdrop(const Image8& image, Backdrop backdrop) {
  return Over(image, backdrop);
}
Image16 OverBackdrop(const Image16& image, Backdrop backdrop) {
  return Over(image, backdrop);
}

Image8 Grid(const std::vector<Image8>& images, const GridOptions& options) {
  return Placed(images, options);
}
Image16 Grid(const std::vector<Image16>& images, const GridOptions& options) {
  return Placed(images, options);
}

}  // namespace phosphene
