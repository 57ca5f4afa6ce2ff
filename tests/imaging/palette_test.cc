#include "server/imaging/palette.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/imaging/pictures.h"

namespace phosphene {
namespace {

// What is seen of it.
Image8 Shown(const IndexedImage& indexed) {
  Image8 image{indexed.width, indexed.height, 3, {}};
  for (const uint8_t index : indexed.indices) {
    const auto& color = indexed.colors[index];
    image.pixels.insert(image.pixels.end(), color.begin(), color.end());
  }
  return image;
}

// Mean of a channel over a rectangle.
double MeanOf(const Image8& image, int left, int top, int side, int channel) {
  double sum = 0;
  for (int y = top; y < top + side; ++y) {
    for (int x = left; x < left + side; ++x)
      sum += image.pixels[(y * image.width + x) * image.channels + channel];
  }
  return sum / (side * side);
}

TEST(ToPalette, HasAtMost256ColoursAndEveryIndexHasOne) {
  for (const int channels : {3, 4}) {
    const auto indexed = ToPalette(Gradient(100, 80, channels));
    EXPECT_LE(indexed.colors.size(), 256u);
    for (const uint8_t index : indexed.indices)
      ASSERT_LT(index, indexed.colors.size());
  }
}

TEST(ToPalette, DitheringKeepsTheMeanOfEveryPatch) {
  const Image8 image = Gradient(128, 128, 3);
  const Image8 shown = Shown(ToPalette(image));
  for (int top = 0; top < 128; top += 16) {
    for (int left = 0; left < 128; left += 16) {
      // Outside of all its colours lie the rim's: no mix of them gets there.
      const bool rim = top % 112 == 0 || left % 112 == 0;
      for (int c = 0; c < 3; ++c) {
        EXPECT_NEAR(MeanOf(shown, left, top, 16, c),
                    MeanOf(image, left, top, 16, c), rim ? 12 : 4)
            << left << " " << top << " " << c;
      }
    }
  }
}

TEST(ToPalette, FewColoursStayAsTheyAre) {
  Image8 image{16, 16, 3, {}};
  for (int i = 0; i < 256; ++i) {
    for (const int value : {i, 255 - i, i * 7 % 256})
      image.pixels.push_back(static_cast<uint8_t>(value));
  }
  EXPECT_EQ(MaxDifference(Shown(ToPalette(image)), image), 0);
}

TEST(ToPalette, GreyAndPicturesOfNothingHaveOneToo) {
  EXPECT_EQ(MaxDifference(Shown(ToPalette(Flat(3, 2, {77}))),
                          Flat(3, 2, {77, 77, 77})),
            0);
  const auto nothing = ToPalette(Flat(3, 2, {9, 9, 9, 0}));
  EXPECT_EQ(nothing.transparent, 0);
  EXPECT_EQ(std::set<uint8_t>(nothing.indices.begin(), nothing.indices.end()),
            std::set<uint8_t>{0});
}

TEST(ToPalette, EqualPicturesMakeEqualPalettes) {
  const auto one = ToPalette(Gradient(64, 50, 4)),
             other = ToPalette(Gradient(64, 50, 4));
  EXPECT_EQ(one.colors, other.colors);
  EXPECT_EQ(one.indices, other.indices);
}

}  // namespace
}  // namespace phosphene
