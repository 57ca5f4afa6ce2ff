#include "client/view/zoom.h"

#include <gtest/gtest.h>

namespace phosphene::client {
namespace {

// Brightness grows by `slope` a column.
Pixels Ramp(int width, int height, double slope) {
  Pixels pixels = Pixels::Make(width, height, 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c)
        pixels.At(x, y)[c] = static_cast<uint8_t>(slope * x);
    }
  }
  return pixels;
}

TEST(ZoomIn, ByOneChangesNothing) {
  const Pixels ramp = Ramp(40, 30, 5);
  EXPECT_EQ(ZoomIn(ramp, 1).pixels, ramp.pixels);
}

TEST(ZoomIn, KeepsTheMiddleAndStretchesAboutIt) {
  const Pixels ramp = Ramp(41, 9, 5);
  const Pixels twice = ZoomIn(ramp, 2);
  EXPECT_EQ(twice.width, 41);
  EXPECT_EQ(twice.height, 9);
  EXPECT_EQ(twice.At(20, 4)[0], ramp.At(20, 4)[0]);
  // Ten columns away shows what was five columns away.
  EXPECT_EQ(twice.At(30, 4)[0], ramp.At(25, 4)[0]);
  EXPECT_EQ(twice.At(10, 4)[0], ramp.At(15, 4)[0]);
}

TEST(ZoomIn, KeepsOneColour) {
  Pixels grey = Pixels::Make(16, 16, 4);
  std::fill(grey.pixels.begin(), grey.pixels.end(), uint8_t{200});
  EXPECT_EQ(ZoomIn(grey, 1.3).pixels, grey.pixels);
}

}  // namespace
}  // namespace phosphene::client
