#include "client/view/seam.h"

#include <gtest/gtest.h>

#include <cmath>

namespace phosphene::client {
namespace {

// Brightness of a column, the same in all rows.
template <typename F>
Pixels Columns(int width, F brightness) {
  Pixels pixels = Pixels::Make(width, width, 3);
  for (int y = 0; y < width; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c)
        pixels.At(x, y)[c] = static_cast<uint8_t>(brightness(x));
    }
  }
  return pixels;
}

TEST(SeamRatio, AWaveOfWholePeriodsIsSeamless) {
  const Pixels wave = Columns(64, [](int x) {
    return std::lround(127 + 100 * std::sin(x * 2 * M_PI / 16));
  });
  // The edge happens to lie where the wave is steepest.
  EXPECT_LT(SeamRatio(wave), 1.6);
}

TEST(SeamRatio, ARampHasASeam) {
  EXPECT_GT(SeamRatio(Columns(64, [](int x) { return 4 * x; })), 20);
}

TEST(SeamRatio, OneColourIsSeamless) {
  EXPECT_EQ(SeamRatio(Columns(8, [](int) { return 7; })), 1);
}

}  // namespace
}  // namespace phosphene::client
