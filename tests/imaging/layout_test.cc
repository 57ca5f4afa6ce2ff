#include "server/imaging/layout.h"

#include <gtest/gtest.h>

#include "tests/imaging/pictures.h"

namespace phosphene {
namespace {

using Pixels = std::vector<uint8_t>;

TEST(FitWithin, KeepsTheAspectAndNeverGrows) {
  EXPECT_EQ(FitWithin(1000, 500, 512).width, 512);
  EXPECT_EQ(FitWithin(1000, 500, 512).height, 256);
  EXPECT_EQ(FitWithin(100, 50, 512).width, 100);
  EXPECT_EQ(FitWithin(5000, 1, 16).height, 1);
}

TEST(Resize, FlatStaysFlat) {
  for (const auto& [width, height] : {std::pair{3, 5}, {100, 7}, {1, 1}}) {
    const Image8 image = Resize(Flat(20, 30, {10, 200, 77}), width, height);
    EXPECT_EQ(MaxDifference(image, Flat(width, height, {10, 200, 77})), 0);
  }
}

TEST(Resize, ShrinkingAveragesWhatItLeavesOut) {
  Image8 checks = Flat(64, 64, {0});
  for (int i = 0; i < 64 * 64; ++i)
    checks.pixels[i] = (i + i / 64) % 2 ? 255 : 0;
  const Image8 small = Resize(checks, 8, 8);
  for (const uint8_t value : small.pixels) EXPECT_NEAR(value, 128, 6);
}

TEST(Resize, ThereAndBackIsClose) {
  const Image8 image = Gradient(40, 30, 3);
  EXPECT_LE(MaxDifference(Resize(Resize(image, 80, 60), 40, 30), image), 4);
}

TEST(Resize, TransparentPixelsDoNotBleed) {
  Image8 image = Flat(4, 1, {255, 0, 0, 255});
  for (int x = 2; x < 4; ++x) {  // invisible green
    image.pixels[x * 4] = 0;
    image.pixels[x * 4 + 1] = 255;
    image.pixels[x * 4 + 3] = 0;
  }
  const Image8 small = Resize(image, 1, 1);
  EXPECT_EQ(small.pixels[0], 255);
  EXPECT_EQ(small.pixels[1], 0);
  EXPECT_NEAR(small.pixels[3], 128, 1);
}

TEST(ConvertChannels, SpreadsGreyAndTakesLuma) {
  EXPECT_EQ(ConvertChannels(Flat(1, 1, {9}), 4).pixels, (Pixels{9, 9, 9, 255}));
  EXPECT_EQ(ConvertChannels(Flat(1, 1, {255, 0, 0}), 1).pixels, (Pixels{76}));
  EXPECT_EQ(ConvertChannels(Flat(1, 1, {1, 2, 3, 4}), 3).pixels,
            (Pixels{1, 2, 3}));
  EXPECT_EQ(ConvertChannels(Flat(1, 1, {7, 40}), 4).pixels,
            (Pixels{7, 7, 7, 40}));
}

TEST(OverBackdrop, CompositesByAlpha) {
  const Image8 half = Flat(1, 1, {200, 100, 0, 128});
  EXPECT_EQ(OverBackdrop(half, Backdrop::kBlack).pixels, (Pixels{100, 50, 0}));
  EXPECT_EQ(OverBackdrop(half, Backdrop::kWhite).pixels,
            (Pixels{227, 177, 127}));
  EXPECT_EQ(OverBackdrop(half, Backdrop::kKeep).channels, 4);
  EXPECT_EQ(MaxDifference(OverBackdrop(Flat(2, 2, {1, 2, 3}), Backdrop::kWhite),
                          Flat(2, 2, {1, 2, 3})),
            0)
      << "opaque stays";
}

TEST(OverBackdrop, CheckerboardHasEightFields) {
  const Image8 board =
      OverBackdrop(Flat(64, 64, {0, 0, 0, 0}), Backdrop::kCheckerboard);
  EXPECT_EQ(board.pixels[0], 242);
  EXPECT_EQ(board.pixels[8 * 3], 153);
  EXPECT_EQ(board.pixels[8 * 64 * 3], 153);
  EXPECT_EQ(board.pixels[63 * 3], 153);
}

TEST(Grid, PutsImagesInRowsWithGaps) {
  const Image8 grid =
      Grid({Flat(2, 1, {10}), Flat(2, 1, {20}), Flat(2, 1, {30})}, {2, 1, 0});
  EXPECT_EQ(grid.width, 5);
  EXPECT_EQ(grid.height, 3);
  EXPECT_EQ(grid.pixels, (Pixels{10, 10, 0, 20, 20,  //
                                 0, 0, 0, 0, 0,      //
                                 30, 30, 0, 0, 0}));
}

TEST(Grid, IsNearSquareByDefault) {
  EXPECT_EQ(NearSquareColumns(1), 1);
  EXPECT_EQ(NearSquareColumns(4), 2);
  EXPECT_EQ(NearSquareColumns(5), 3);
  const Image8 one = Grid({Gradient(7, 5, 3)});
  EXPECT_EQ(MaxDifference(one, Gradient(7, 5, 3)), 0);
}

TEST(Grid, MixesGreyColourAndAlpha) {
  const Image8 grid =
      Grid({Flat(1, 1, {5, 60}), Flat(1, 1, {1, 2, 3})}, {2, 0, 0});
  EXPECT_EQ(grid.pixels, (Pixels{5, 5, 5, 60, 1, 2, 3, 255}));
}

TEST(OverBackdrop, TheBoardShowsAllBackdropsAndAlpha) {
  const Image8 board =
      OverBackdrop(Flat(16, 8, {200, 100, 0, 128}), Backdrop::kBoard);
  ASSERT_EQ(board.width, 32);
  ASSERT_EQ(board.height, 16);
  ASSERT_EQ(board.channels, 3);
  const auto at = [&](int x, int y) {
    const uint8_t* pixel = &board.pixels[(y * 32 + x) * 3];
    return Pixels(pixel, pixel + 3);
  };
  EXPECT_EQ(at(0, 0), (Pixels{100, 50, 0}));
  EXPECT_EQ(at(16, 0), (Pixels{227, 177, 127}));
  EXPECT_EQ(at(0, 8), (Pixels{221, 171, 121}));
  EXPECT_EQ(at(16, 8), (Pixels{128, 128, 128}));
}

// What 8 bits show is what 16 show, 257 times as fine.
TEST(Grid, SixteenBitsAreLaidOutAsEight) {
  const auto fine = [](const Image8& image) {
    Image16 out{image.width, image.height, image.channels, {}};
    for (const uint8_t value : image.pixels)
      out.pixels.push_back(static_cast<uint16_t>(value * 257));
    return out;
  };
  const std::vector<Image8> images = {Gradient(6, 4, 4), Gradient(3, 5, 1)};
  const Image8 grid = Grid(images, {.columns = 2, .gap = 1});
  const Image16 grid16 =
      Grid(std::vector<Image16>{fine(images[0]), fine(images[1])},
           {.columns = 2, .gap = 1});
  EXPECT_EQ(grid16.pixels, fine(grid).pixels);
  for (const Backdrop backdrop :
       {Backdrop::kBlack, Backdrop::kWhite, Backdrop::kCheckerboard,
        Backdrop::kBoard, Backdrop::kKeep}) {
    const Image8 over = OverBackdrop(images[0], backdrop);
    const Image16 over16 = OverBackdrop(fine(images[0]), backdrop);
    ASSERT_EQ(over16.pixels.size(), over.pixels.size());
    for (size_t i = 0; i < over.pixels.size(); ++i)
      EXPECT_NEAR(over16.pixels[i] / 257.0, over.pixels[i], 0.51) << i;
  }
}

}  // namespace
}  // namespace phosphene
