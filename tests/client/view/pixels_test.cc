#include "client/view/pixels.h"

#include <gtest/gtest.h>

namespace phosphene::client {
namespace {

Pixels Gradient(int width, int height, int channels) {
  Pixels out = Pixels::Make(width, height, channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c)
        out.At(x, y)[c] = static_cast<uint8_t>(x * 3 + y * 5 + c);
    }
  }
  return out;
}

TEST(Pixels, PngComesBackAsItWent) {
  for (int channels : {3, 4}) {
    const Pixels pixels = Gradient(13, 7, channels);
    const auto back = DecodePixels(PngOf(pixels));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->channels, channels);
    EXPECT_EQ(back->pixels, pixels.pixels);
  }
}

TEST(Pixels, GreyIsSpreadOverTheColours) {
  for (int channels : {1, 2}) {
    const Pixels grey = Gradient(5, 4, channels);
    const auto back = DecodePixels(PngOf(grey));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->channels, channels + 2);
    for (int c = 0; c < 3; ++c) EXPECT_EQ(back->At(3, 2)[c], grey.At(3, 2)[0]);
  }
}

TEST(Pixels, DamagedImagesAreErrors) {
  EXPECT_FALSE(DecodePixels("").ok());
  EXPECT_FALSE(DecodePixels("hello, world").ok());
  EXPECT_FALSE(DecodePixels(PngOf(Gradient(8, 8, 3)).substr(0, 40)).ok());
}

}  // namespace
}  // namespace phosphene::client
