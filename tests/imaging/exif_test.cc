#include "server/imaging/exif.h"

#include <gtest/gtest.h>

#include "tests/imaging/pictures.h"

namespace phosphene {
namespace {

TEST(ExifOrientation, IsReadWithAndWithoutPrefix) {
  EXPECT_EQ(ExifOrientation(ExifOf(6)), 6);
  EXPECT_EQ(ExifOrientation(std::string("Exif\0\0", 6) + ExifOf(3)), 3);
}

TEST(ExifOrientation, NonsenseMeansUpright) {
  EXPECT_EQ(ExifOrientation(""), 1);
  EXPECT_EQ(ExifOrientation("MM"), 1);
  EXPECT_EQ(ExifOrientation(ExifOf(0)), 1);
  EXPECT_EQ(ExifOrientation(ExifOf(9)), 1);
}

TEST(ExifOrientation, TruncationAnywhereIsHarmless) {
  const std::string whole = ExifOf(6);
  for (size_t size = 0; size < whole.size(); ++size) {
    const int got = ExifOrientation(absl::string_view(whole).substr(0, size));
    EXPECT_TRUE(got == 1 || got == 6) << size;
  }
}

TEST(ExifOrientation, DirectoryBeyondTheEndIsHarmless) {
  std::string exif = ExifOf(6);
  exif.replace(4, 4, "\xFF\xFF\xFF\xFF");
  EXPECT_EQ(ExifOrientation(exif), 1);
}

// Two pixels, A left of B, and where A ends up: EXIF 2.32, tag 0x0112.
TEST(ApplyOrientation, PutsTheStoredFirstPixelWhereTheTableSays) {
  const Image8 stored{3, 2, 1, {1, 2, 3, 4, 5, 6}};
  const auto pixels = [&stored](int orientation) {
    return ApplyOrientation(stored, orientation).pixels;
  };
  using Pixels = std::vector<uint8_t>;
  EXPECT_EQ(pixels(1), (Pixels{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(pixels(2), (Pixels{3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(pixels(3), (Pixels{6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(pixels(4), (Pixels{4, 5, 6, 1, 2, 3}));
  EXPECT_EQ(pixels(5), (Pixels{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(pixels(6), (Pixels{4, 1, 5, 2, 6, 3}));
  EXPECT_EQ(pixels(7), (Pixels{6, 3, 5, 2, 4, 1}));
  EXPECT_EQ(pixels(8), (Pixels{3, 6, 2, 5, 1, 4}));
}

TEST(ApplyOrientation, SwapsSidesForQuarterTurns) {
  const Image8 turned = ApplyOrientation(Gradient(5, 3, 4), 6);
  EXPECT_EQ(turned.width, 3);
  EXPECT_EQ(turned.height, 5);
  EXPECT_EQ(turned.channels, 4);
}

}  // namespace
}  // namespace phosphene
