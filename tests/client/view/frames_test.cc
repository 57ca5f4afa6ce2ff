#include "client/view/frames.h"

#include <gtest/gtest.h>

namespace phosphene::client {
namespace {

Pixels Flat(int width, int height, uint8_t value) {
  Pixels out = Pixels::Make(width, height, 3);
  std::fill(out.pixels.begin(), out.pixels.end(), value);
  return out;
}

TEST(FramesOf, CutsASheetLineByLine) {
  Pixels sheet = Flat(4, 4, 0);
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 4; ++x)
      sheet.At(x, y)[0] = static_cast<uint8_t>(x / 2 + y / 2 * 2);
  }
  const auto frames = FramesOf(sheet, 3, 2);
  ASSERT_TRUE(frames.ok());
  ASSERT_EQ(frames->size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ((*frames)[static_cast<size_t>(i)].width, 2);
    EXPECT_EQ((*frames)[static_cast<size_t>(i)].pixels[9], i);
  }
}

TEST(FramesOf, ASheetThatIsNoGridIsRefused) {
  EXPECT_FALSE(FramesOf(Flat(5, 4, 0), 4, 2).ok());
  EXPECT_FALSE(FramesOf(Flat(4, 4, 0), 2, 3).ok());
}

TEST(AlignmentOf, IsTheMeanDifferenceOfNeighbours) {
  const std::vector<Pixels> frames = {Flat(2, 2, 0), Flat(2, 2, 51),
                                      Flat(2, 2, 255)};
  const FrameAlignment alignment = AlignmentOf(frames, 3);
  EXPECT_DOUBLE_EQ(alignment.adjacent, (0.2 + 0.8) / 2);
  EXPECT_DOUBLE_EQ(alignment.ends, 1);
}

TEST(AlignmentOf, AGridHasNeighboursInBothDirectionsButNotAcrossLines) {
  const std::vector<Pixels> frames = {Flat(1, 1, 0), Flat(1, 1, 51),
                                      Flat(1, 1, 102), Flat(1, 1, 255)};
  // Right: .2, .6; down: .4, .8.
  EXPECT_DOUBLE_EQ(AlignmentOf(frames, 2).adjacent, 0.5);
}

}  // namespace
}  // namespace phosphene::client
