// Channels, backdrops, and grids of pictures.

#include "server/imaging/layout.h"

#include <algorithm>
#include <cmath>

namespace phosphene {
namespace {

bool HasAlpha(int channels) { return channels == 2 || channels == 4; }

uint8_t Round8(double value) {
  return static_cast<uint8_t>(std::clamp(std::lround(value), 0L, 255L));
}

// value * alpha / 255 between 0 and 255, rounded.
int Blend(int front, int back, int alpha) {
  return (front * alpha + back * (255 - alpha) + 127) / 255;
}

Image8 Blank(int width, int height, int channels, uint8_t fill) {
  Image8 image;
  image.width = width;
  image.height = height;
  image.channels = channels;
  image.pixels.assign(static_cast<size_t>(width) * height * channels, fill);
  return image;
}

// The last channel as a grey picture.
Image8 AlphaOf(const Image8& image) {
  Image8 out = Blank(image.width, image.height, 1, 0);
  for (size_t i = 0; i < out.pixels.size(); ++i)
    out.pixels[i] = image.pixels[(i + 1) * image.channels - 1];
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

// Grey is Rec. 601 luma, 0.299 R + 0.587 G + 0.114 B.
Image8 ConvertChannels(const Image8& image, int channels) {
  if (channels == image.channels) return image;
  Image8 out = Blank(image.width, image.height, channels, 255);
  const bool grey_in = image.channels <= 2, grey_out = channels <= 2;
  const size_t count = static_cast<size_t>(image.width) * image.height;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* in = &image.pixels[i * image.channels];
    uint8_t* to = &out.pixels[i * channels];
    if (grey_out) {
      to[0] = grey_in ? in[0]
                      : Round8(0.299 * in[0] + 0.587 * in[1] + 0.114 * in[2]);
    } else {
      for (int c = 0; c < 3; ++c) to[c] = grey_in ? in[0] : in[c];
    }
    if (HasAlpha(channels) && HasAlpha(image.channels))
      to[channels - 1] = in[image.channels - 1];
  }
  return out;
}

Image8 OverBackdrop(const Image8& image, Backdrop backdrop) {
  if (backdrop == Backdrop::kKeep || !HasAlpha(image.channels)) return image;
  if (backdrop == Backdrop::kBoard) {
    return Grid({OverBackdrop(image, Backdrop::kBlack),
                 OverBackdrop(image, Backdrop::kWhite),
                 OverBackdrop(image, Backdrop::kCheckerboard), AlphaOf(image)},
                {.columns = 2});
  }
  constexpr int kFields = 8, kLight = 242, kDark = 153;  // 0.95 and 0.6
  const int field = std::max(
      1, (std::max(image.width, image.height) + kFields - 1) / kFields);
  const int colors = image.channels - 1;
  Image8 out = Blank(image.width, image.height, colors, 0);
  const uint8_t* in = image.pixels.data();
  uint8_t* to = out.pixels.data();
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x, in += image.channels, to += colors) {
      int back = backdrop == Backdrop::kWhite ? 255 : 0;
      if (backdrop == Backdrop::kCheckerboard)
        back = (x / field + y / field) % 2 ? kDark : kLight;
      for (int c = 0; c < colors; ++c)
        to[c] = static_cast<uint8_t>(Blend(in[c], back, in[colors]));
    }
  }
  return out;
}

// The smallest square that holds them.
int NearSquareColumns(int count) {
  int columns = 1;
  while (columns * columns < count) ++columns;
  return columns;
}

Image8 Grid(const std::vector<Image8>& images, const GridOptions& options) {
  int cell_width = 0, cell_height = 0;
  bool color = false, alpha = false;
  for (const Image8& image : images) {
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
  Image8 out = Blank(columns * cell_width + (columns - 1) * options.gap,
                     rows * cell_height + (rows - 1) * options.gap, channels,
                     options.fill);
  for (int i = 0; i < count; ++i) {
    const Image8 image = ConvertChannels(images[i], channels);
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

}  // namespace phosphene
