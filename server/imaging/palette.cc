// From millions of colours to 256.

#include "server/imaging/palette.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>

#include "server/imaging/layout.h"

namespace phosphene {
namespace {

constexpr int kOpaqueFrom = 128;  // of alpha
// How much a difference in red, green and blue counts to the eye.
constexpr std::array<float, 3> kEye = {2, 4, 1};

using Color = std::array<float, 3>;

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

// Pixels alike in the upper 5 bits of each channel: their mean and how many.
struct Bin {
  Color mean{};
  float count = 0;
};

std::vector<Bin> BinsOf(const Image8& image) {
  constexpr size_t kBins = size_t{1} << 15;
  std::vector<std::array<int64_t, 4>> sums(kBins);
  const size_t pixels = static_cast<size_t>(image.width) * image.height;
  for (size_t i = 0; i < pixels; ++i) {
    if (!Shows(image, i)) continue;
    const uint8_t* color = ColorAt(image, i);
    auto& sum = sums[static_cast<size_t>(color[0] >> 3 << 10 |
                                         color[1] >> 3 << 5 | color[2] >> 3)];
    for (size_t c = 0; c < 3; ++c) sum[c] += color[c];
    ++sum[3];
  }
  std::vector<Bin> bins;
  for (const auto& sum : sums) {
    if (sum[3] == 0) continue;
    Bin bin;
    bin.count = static_cast<float>(sum[3]);
    for (size_t c = 0; c < 3; ++c)
      bin.mean[c] = static_cast<float>(sum[c]) / bin.count;
    bins.push_back(bin);
  }
  return bins;
}

// Bins that one colour stands for.
struct Box {
  std::vector<Bin> bins;
  Color mean{};
  double error = 0;   // squared distance to the mean, of all pixels
  size_t widest = 0;  // channel that has most of it

  explicit Box(std::vector<Bin> held) : bins(std::move(held)) {
    double count = 0;
    std::array<double, 3> sum{}, squares{};
    for (const Bin& bin : bins) {
      count += bin.count;
      for (size_t c = 0; c < 3; ++c) {
        sum[c] += double{bin.mean[c]} * bin.count;
        squares[c] += double{bin.mean[c]} * bin.mean[c] * bin.count;
      }
    }
    double most = -1;
    for (size_t c = 0; c < 3; ++c) {
      mean[c] = static_cast<float>(sum[c] / count);
      const double own = kEye[c] * (squares[c] - sum[c] * sum[c] / count);
      if (own > most) widest = c;
      most = std::max(most, own);
      error += own;
    }
    if (bins.size() < 2) error = 0;
  }
};

// Cuts the box of the largest error at its mean, until there are enough.
std::vector<Color> Cut(std::vector<Bin> bins, size_t most) {
  std::vector<Box> boxes;
  boxes.emplace_back(std::move(bins));
  while (boxes.size() < most) {
    const auto worst = std::max_element(
        boxes.begin(), boxes.end(),
        [](const Box& a, const Box& b) { return a.error < b.error; });
    if (worst->error <= 0) break;
    std::vector<Bin> below, above;
    for (const Bin& bin : worst->bins) {
      const bool high = bin.mean[worst->widest] > worst->mean[worst->widest];
      (high ? above : below).push_back(bin);
    }
    // Rounding may leave one side empty.
    if (below.empty() || above.empty()) {
      worst->error = 0;
      continue;
    }
    *worst = Box(std::move(below));
    boxes.emplace_back(std::move(above));
  }
  std::vector<Color> colors;
  for (const Box& box : boxes) colors.push_back(box.mean);
  return colors;
}

size_t NearestOf(const std::vector<Color>& colors, const Color& to) {
  size_t best = 0;
  float least = std::numeric_limits<float>::max();
  for (size_t i = 0; i < colors.size(); ++i) {
    float distance = 0;
    for (size_t c = 0; c < 3; ++c) {
      const float off = colors[i][c] - to[c];
      distance += kEye[c] * off * off;
    }
    if (distance < least) best = i;
    least = std::min(least, distance);
  }
  return best;
}

// Moves each colour to the mean of what is nearest to it (k-means, from a cut
// that is close already).
void Settle(const std::vector<Bin>& bins, std::vector<Color>& colors) {
  constexpr int kRounds = 3;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::array<double, 4>> sums(colors.size());
    for (const Bin& bin : bins) {
      auto& sum = sums[NearestOf(colors, bin.mean)];
      for (size_t c = 0; c < 3; ++c) sum[c] += double{bin.mean[c]} * bin.count;
      sum[3] += bin.count;
    }
    for (size_t i = 0; i < colors.size(); ++i) {
      if (sums[i][3] == 0) continue;
      for (size_t c = 0; c < 3; ++c)
        colors[i][c] = static_cast<float>(sums[i][c] / sums[i][3]);
    }
  }
}

void ChooseColors(const Image8& image, size_t most, IndexedImage& out) {
  const std::vector<Bin> bins = BinsOf(image);
  std::vector<Color> colors = Cut(bins, most);
  Settle(bins, colors);
  for (const Color& color : colors) {
    out.colors.emplace_back();
    for (size_t c = 0; c < 3; ++c)
      out.colors.back()[c] = static_cast<uint8_t>(std::lround(color[c]));
  }
}

// The nearest colour, remembered by the upper 6 bits of each channel.
class Nearest {
 public:
  explicit Nearest(const std::vector<std::array<uint8_t, 3>>& colors)
      : known_(size_t{1} << 18, -1) {
    for (const auto& color : colors) {
      colors_.push_back({static_cast<float>(color[0]),
                         static_cast<float>(color[1]),
                         static_cast<float>(color[2])});
    }
  }

  int Of(const std::array<int, 3>& color) {
    int16_t& known = known_[static_cast<size_t>(
        color[0] >> 2 << 12 | color[1] >> 2 << 6 | color[2] >> 2)];
    if (known < 0) known = static_cast<int16_t>(Search(color));
    return known;
  }

 private:
  int Search(const std::array<int, 3>& color) const {
    return static_cast<int>(NearestOf(
        colors_, {static_cast<float>(color[0]), static_cast<float>(color[1]),
                  static_cast<float>(color[2])}));
  }

  std::vector<Color> colors_;
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

IndexedImage ToPalette(const Image8& image) {
  if (image.channels < 3)
    return ToPalette(ConvertChannels(image, image.channels == 2 ? 4 : 3));
  const size_t count = static_cast<size_t>(image.width) * image.height;
  size_t shown = 0;
  for (size_t i = 0; i < count; ++i) shown += Shows(image, i) ? 1 : 0;
  const size_t most = shown < count ? kMaxColors - 1 : kMaxColors;
  std::optional<IndexedImage> exact = AsItIs(image, most);
  if (!exact.has_value()) {
    exact = Empty(image, most);
    ChooseColors(image, most, *exact);
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
