// From millions of colours to 256.

#include "server/imaging/palette.h"

#include <gif_lib.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "server/base/status_macros.h"
#include "server/imaging/layout.h"

namespace phosphene {
namespace {

constexpr int kOpaqueFrom = 128;  // of alpha

bool Shows(const Image8& image, size_t pixel) {
  return image.channels == 3 || image.pixels[pixel * 4 + 3] >= kOpaqueFrom;
}

const uint8_t* ColorAt(const Image8& image, size_t pixel) {
  return &image.pixels[pixel * image.channels];
}

uint32_t Packed(const uint8_t* color) {
  return color[0] << 16 | color[1] << 8 | color[2];
}

IndexedImage Empty(const Image8& image, size_t most) {
  IndexedImage out;
  out.width = image.width;
  out.height = image.height;
  out.indices.resize(static_cast<size_t>(image.width) * image.height);
  const bool clear = most < kMaxColors;
  out.transparent = clear ? static_cast<int>(most) : -1;
  return out;
}

// Exactly, where the picture has no more than `most` colours.
std::optional<IndexedImage> AsItIs(const Image8& image, size_t most) {
  IndexedImage out = Empty(image, most);
  std::unordered_map<uint32_t, uint8_t> known;
  for (size_t i = 0; i < out.indices.size(); ++i) {
    if (!Shows(image, i)) {
      out.indices[i] = static_cast<uint8_t>(out.transparent);
      continue;
    }
    const uint8_t* color = ColorAt(image, i);
    const auto [found, is_new] = known.try_emplace(
        Packed(color), static_cast<uint8_t>(out.colors.size()));
    if (is_new) {
      if (out.colors.size() == most) return std::nullopt;
      out.colors.push_back({color[0], color[1], color[2]});
    }
    out.indices[i] = found->second;
  }
  return out;
}

// Median cut by giflib over what shows, then each colour the mean of what it
// stands for: the cut alone counts in 32 levels and darkens.
absl::Status ChooseColors(const Image8& image, size_t most, size_t shown,
                          IndexedImage& out) {
  std::array<std::vector<uint8_t>, 3> planes;
  for (auto& plane : planes) plane.reserve(shown);
  for (size_t i = 0; i < out.indices.size(); ++i) {
    if (!Shows(image, i)) continue;
    for (size_t c = 0; c < 3; ++c) planes[c].push_back(ColorAt(image, i)[c]);
  }
  int count = static_cast<int>(most);
  std::vector<uint8_t> cell(shown);
  std::array<GifColorType, kMaxColors> cut = {};
  if (GifQuantizeBuffer(static_cast<unsigned>(shown), 1, &count,
                        planes[0].data(), planes[1].data(), planes[2].data(),
                        cell.data(), cut.data()) == GIF_ERROR) {
    return absl::ResourceExhaustedError("GIF: no memory for a palette");
  }
  std::vector<std::array<int64_t, 4>> sums(most);
  for (size_t i = 0; i < shown; ++i) {
    for (size_t c = 0; c < 3; ++c) sums[cell[i]][c] += planes[c][i];
    ++sums[cell[i]][3];
  }
  for (const auto& sum : sums) {
    if (sum[3] == 0) continue;
    std::array<uint8_t, 3> color;
    for (size_t c = 0; c < 3; ++c)
      color[c] = static_cast<uint8_t>((sum[c] + sum[3] / 2) / sum[3]);
    out.colors.push_back(color);
  }
  return absl::OkStatus();
}

// The nearest colour, remembered by the upper 6 bits of each channel.
class Nearest {
 public:
  explicit Nearest(const std::vector<std::array<uint8_t, 3>>& colors)
      : colors_(colors), known_(size_t{1} << 18, -1) {}

  int Of(const std::array<int, 3>& color) {
    int16_t& known = known_[static_cast<size_t>(
        color[0] >> 2 << 12 | color[1] >> 2 << 6 | color[2] >> 2)];
    if (known < 0) known = static_cast<int16_t>(Search(color));
    return known;
  }

 private:
  // Green counts most to the eye, blue least.
  int Search(const std::array<int, 3>& color) const {
    int best = 0, least = INT32_MAX;
    for (size_t i = 0; i < colors_.size(); ++i) {
      const int r = color[0] - colors_[i][0], g = color[1] - colors_[i][1],
                b = color[2] - colors_[i][2];
      const int distance = 2 * r * r + 4 * g * g + b * b;
      if (distance >= least) continue;
      least = distance;
      best = static_cast<int>(i);
    }
    return best;
  }

  const std::vector<std::array<uint8_t, 3>>& colors_;
  std::vector<int16_t> known_;
};

// Every pixel to a colour; what that is off goes to pixels not yet done, in
// sixteenths: 7 ahead, 3, 5 and 1 below.
void Dither(const Image8& image, IndexedImage& out) {
  using Error = std::array<float, 3>;
  Nearest nearest(out.colors);
  const int width = image.width;
  // With a place beyond either end.
  std::vector<Error> own(width + 2, Error{}), below(width + 2, Error{});
  for (int y = 0; y < image.height; ++y) {
    const int step = y % 2 == 0 ? 1 : -1;
    for (int i = 0; i < width; ++i) {
      const int x = step > 0 ? i : width - 1 - i;
      const size_t pixel = static_cast<size_t>(y) * width + x;
      if (!Shows(image, pixel)) {
        out.indices[pixel] = static_cast<uint8_t>(out.transparent);
        continue;
      }
      std::array<int, 3> wanted;
      for (size_t c = 0; c < 3; ++c) {
        wanted[c] = std::clamp(
            static_cast<int>(std::lround(
                static_cast<float>(ColorAt(image, pixel)[c]) + own[x + 1][c])),
            0, 255);
      }
      const int index = nearest.Of(wanted);
      out.indices[pixel] = static_cast<uint8_t>(index);
      for (size_t c = 0; c < 3; ++c) {
        const float off =
            static_cast<float>(wanted[c] - out.colors[index][c]) / 16;
        own[x + 1 + step][c] += off * 7;
        below[x + 1 - step][c] += off * 3;
        below[x + 1][c] += off * 5;
        below[x + 1 + step][c] += off;
      }
    }
    std::swap(own, below);
    std::fill(below.begin(), below.end(), Error{});
  }
}

}  // namespace

absl::StatusOr<IndexedImage> ToPalette(const Image8& image) {
  if (image.channels < 3)
    return ToPalette(ConvertChannels(image, image.channels == 2 ? 4 : 3));
  const size_t count = static_cast<size_t>(image.width) * image.height;
  size_t shown = 0;
  for (size_t i = 0; i < count; ++i) shown += Shows(image, i) ? 1 : 0;
  const size_t most = shown < count ? kMaxColors - 1 : kMaxColors;
  std::optional<IndexedImage> exact = AsItIs(image, most);
  if (!exact.has_value()) {
    exact = Empty(image, most);
    RETURN_IF_ERROR(ChooseColors(image, most, shown, *exact));
    Dither(image, *exact);
  }
  IndexedImage out = *std::move(exact);
  if (out.transparent < 0) return out;
  // Behind the colours, of which there may be fewer.
  const auto last = static_cast<uint8_t>(out.transparent);
  out.transparent = static_cast<int>(out.colors.size());
  std::replace(out.indices.begin(), out.indices.end(), last,
               static_cast<uint8_t>(out.transparent));
  out.colors.push_back({0, 0, 0});
  return out;
}

}  // namespace phosphene
