// Maps of the toy: which start ends in which minimum.

#include "client/basin/draw.h"

#include <algorithm>
#include <array>

namespace phosphene::client {
namespace {

using Color = std::array<uint8_t, 3>;

constexpr int kGap = 16;
// By signs (x, y): --, -+, +-, ++.
constexpr std::array<Color, 4> kColors = {
    {{38, 132, 140}, {196, 196, 200}, {168, 168, 174}, {232, 130, 52}}};

void Put(Pixels& pixels, int x, int y, const Color& color) {
  std::copy(color.begin(), color.end(), pixels.At(x, y));
}

// A dark dot at a minimum.
void Dot(Pixels& pixels, int left, int size, double range, double x, double y) {
  const int column = static_cast<int>((x / range + 1) / 2 * size);
  const int row = static_cast<int>((1 - y / range) / 2 * size);
  const int radius = std::max(size / 64, 1);
  for (int v = -radius; v <= radius; ++v) {
    for (int u = -radius; u <= radius; ++u) {
      const bool inside = column + u >= 0 && column + u < size &&
                          row + v >= 0 && row + v < size;
      if (inside && u * u + v * v <= radius * radius) {
        Put(pixels, left + column + u, row + v, {20, 20, 24});
      }
    }
  }
}

void DrawMap(Pixels& pixels, int left, int size, const BasinOptions& options) {
  const auto coordinate = [&](int i) {
    return ((i + 0.5) / size * 2 - 1) * options.range;
  };
  for (int row = 0; row < size; ++row) {
    for (int column = 0; column < size; ++column) {
      // y grows upwards.
      const Minimum end =
          Descend(options, coordinate(column), -coordinate(row));
      Put(pixels, left + column, row,
          kColors[(end.x_positive ? 2 : 0) + (end.y_positive ? 1 : 0)]);
    }
  }
  for (double x : {-1.0, 1.0}) {
    for (double y : {-1.0, 1.0}) Dot(pixels, left, size, options.range, x, y);
  }
}

}  // namespace

Pixels DrawBasins(const std::vector<BasinOptions>& maps, int size) {
  const int count = static_cast<int>(maps.size());
  Pixels out = Pixels::Make(count * size + (count - 1) * kGap, size, 3);
  std::fill(out.pixels.begin(), out.pixels.end(), uint8_t{255});
  for (int i = 0; i < count; ++i) {
    DrawMap(out, i * (size + kGap), size, maps[static_cast<size_t>(i)]);
  }
  return out;
}

}  // namespace phosphene::client
