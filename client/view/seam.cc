// How seamless a tile is.

#include "client/view/seam.h"

#include <cstdlib>

namespace phosphene::client {
namespace {

// A mean of differences that grows.
struct Mean {
  double sum = 0;
  double count = 0;
  void Add(const uint8_t* a, const uint8_t* b, int channels) {
    for (int c = 0; c < channels; ++c) sum += std::abs(a[c] - b[c]);
    count += channels;
  }
  double value() const { return sum / count; }
};

}  // namespace

double SeamRatio(const Pixels& pixels) {
  Mean inside, across;
  for (int y = 0; y < pixels.height; ++y) {
    for (int x = 0; x < pixels.width; ++x) {
      const bool last_x = x + 1 == pixels.width;
      const bool last_y = y + 1 == pixels.height;
      (last_x ? across : inside)
          .Add(pixels.At(x, y), pixels.At(last_x ? 0 : x + 1, y),
               pixels.channels);
      (last_y ? across : inside)
          .Add(pixels.At(x, y), pixels.At(x, last_y ? 0 : y + 1),
               pixels.channels);
    }
  }
  return inside.sum == 0 ? 1 : across.value() / inside.value();
}

}  // namespace phosphene::client
