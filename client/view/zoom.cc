// One frame of a flight: the picture enlarged about its middle.

#include "client/view/zoom.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace phosphene::client {
namespace {

// Where a row or column of the result comes from: four neighbours.
struct Taps {
  std::array<int, 4> at;
  std::array<double, 4> weight;
};

// Catmull-Rom, Keys 1981 with a = -1/2.
std::array<double, 4> CubicWeights(double t) {
  const double t2 = t * t, t3 = t2 * t;
  return {(-t3 + 2 * t2 - t) / 2, (3 * t3 - 5 * t2 + 2) / 2,
          (-3 * t3 + 4 * t2 + t) / 2, (t3 - t2) / 2};
}

std::vector<Taps> TapsOf(int size, double factor) {
  std::vector<Taps> out(static_cast<size_t>(size));
  for (int i = 0; i < size; ++i) {
    const double centre = size / 2.0;
    const double source = (i + .5 - centre) / factor + centre - .5;
    const int first = static_cast<int>(std::floor(source));
    Taps& taps = out[static_cast<size_t>(i)];
    taps.weight = CubicWeights(source - first);
    for (int k = 0; k < 4; ++k) {
      taps.at[static_cast<size_t>(k)] = std::clamp(first - 1 + k, 0, size - 1);
    }
  }
  return out;
}

}  // namespace

Pixels ZoomIn(const Pixels& pixels, double factor) {
  const std::vector<Taps> columns = TapsOf(pixels.width, factor);
  const std::vector<Taps> rows = TapsOf(pixels.height, factor);
  Pixels out = Pixels::Make(pixels.width, pixels.height, pixels.channels);
  for (int y = 0; y < out.height; ++y) {
    const Taps& row = rows[static_cast<size_t>(y)];
    for (int x = 0; x < out.width; ++x) {
      const Taps& column = columns[static_cast<size_t>(x)];
      for (int c = 0; c < out.channels; ++c) {
        double sum = 0;
        for (size_t v = 0; v < 4; ++v) {
          for (size_t u = 0; u < 4; ++u) {
            sum += row.weight[v] * column.weight[u] *
                   pixels.At(column.at[u], row.at[v])[c];
          }
        }
        out.At(x, y)[c] =
            static_cast<uint8_t>(std::clamp(std::lround(sum), 0L, 255L));
      }
    }
  }
  return out;
}

}  // namespace phosphene::client
