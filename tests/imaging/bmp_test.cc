#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "server/imaging/decode.h"
#include "tests/imaging/pictures.h"

namespace phosphene {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

std::string Little(uint32_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i)
    out.push_back(i < 4 ? static_cast<char>(value >> (8 * i)) : '\0');
  return out;
}

std::string Bytes(const std::vector<int>& values) {
  std::string out;
  for (const int value : values) out.push_back(static_cast<char>(value));
  return out;
}

// A file with a header of 40 bytes (more in `beyond`), palette and pixels as
// stored.
std::string Bmp(int width, int height, int bits, int compression,
                const std::string& palette, const std::string& pixels,
                const std::string& beyond = "") {
  const uint32_t header = 40 + static_cast<uint32_t>(beyond.size());
  const uint32_t at = 14 + header + static_cast<uint32_t>(palette.size());
  return "BM" + Little(at + static_cast<uint32_t>(pixels.size()), 4) +
         Little(0, 4) + Little(at, 4) + Little(header, 4) +
         Little(static_cast<uint32_t>(width), 4) +
         Little(static_cast<uint32_t>(height), 4) + Little(1, 2) +
         Little(static_cast<uint32_t>(bits), 2) +
         Little(static_cast<uint32_t>(compression), 4) + Little(0, 20) +
         beyond + palette + pixels;
}

std::vector<int> Pixels(const std::string& bytes) {
  const auto image = DecodeImage(bytes);
  EXPECT_TRUE(image.ok()) << image.status();
  if (!image.ok()) return {};
  return {image->pixels.begin(), image->pixels.end()};
}

// Black, red, green, blue, as a palette has them.
const std::string kFour =
    Bytes({0, 0, 0, 0, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0});

TEST(DecodeBmp, TwentyFourBitsStandOnTheirHeadUnlessTheHeightIsNegative) {
  // A line is a whole number of four bytes.
  const std::string lines =
      Bytes({3, 2, 1, 6, 5, 4, 0, 0}) + Bytes({9, 8, 7, 12, 11, 10, 0, 0});
  EXPECT_THAT(Pixels(Bmp(2, 2, 24, 0, "", lines)),
              ElementsAre(7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6));
  EXPECT_THAT(Pixels(Bmp(2, -2, 24, 0, "", lines)),
              ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
}

TEST(DecodeBmp, PalettesOfEveryDepthGiveTheSame) {
  // Colours 1 0 1 1, and for more than one bit 1 2 3 0.
  EXPECT_THAT(
      Pixels(Bmp(4, 1, 1, 0, kFour.substr(0, 8), Bytes({0xB0, 0, 0, 0}))),
      ElementsAre(255, 0, 0, 0, 0, 0, 255, 0, 0, 255, 0, 0));
  const std::vector<int> expected = {255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0};
  EXPECT_THAT(Pixels(Bmp(4, 1, 2, 0, kFour, Bytes({0x6C, 0, 0, 0}))),
              ElementsAreArray(expected));
  const std::string sixteen = kFour + std::string(48, '\0');
  EXPECT_THAT(Pixels(Bmp(4, 1, 4, 0, sixteen, Bytes({0x12, 0x30, 0, 0}))),
              ElementsAreArray(expected));
  const std::string all = kFour + std::string(1008, '\0');
  EXPECT_THAT(Pixels(Bmp(4, 1, 8, 0, all, Bytes({1, 2, 3, 0}))),
              ElementsAreArray(expected));
}

TEST(DecodeBmp, TheOldHeaderHasPalettesOfThreeBytes) {
  const std::string file = "BM" + Little(0, 8) + Little(32, 4) + Little(12, 4) +
                           Little(2, 2) + Little(1, 2) + Little(1, 2) +
                           Little(1, 2) + Bytes({0, 0, 255, 255, 255, 255}) +
                           Bytes({0x40, 0, 0, 0});
  EXPECT_THAT(Pixels(file), ElementsAre(255, 0, 0, 255, 255, 255));
}

TEST(DecodeBmp, SixteenBitsAreFiveEach) {
  EXPECT_THAT(Pixels(Bmp(2, 1, 16, 0, "", Bytes({0, 0x7C, 0xFF, 0x03}))),
              ElementsAre(255, 0, 0, 0, 255, 255));
}

TEST(DecodeBmp, BitFieldsAreWhatTheirMasksSay) {
  // 5, 6 and 5 bits.
  const std::string masks =
      Little(0xF800, 4) + Little(0x07E0, 4) + Little(0x001F, 4);
  EXPECT_THAT(Pixels(Bmp(2, 1, 16, 3, masks, Bytes({0, 0xF8, 0xE0, 0x07}))),
              ElementsAre(255, 0, 0, 0, 255, 0));
}

// A header of 56 bytes has a mask of alpha.
std::string AlphaBmp(int alpha) {
  const std::string masks = Little(0x00FF0000, 4) + Little(0x0000FF00, 4) +
                            Little(0x000000FF, 4) + Little(0xFF000000, 4);
  return Bmp(1, 1, 32, 3, "", Bytes({3, 2, 1, alpha}), masks);
}

TEST(DecodeBmp, AlphaIsKeptUnlessItIsZeroEverywhere) {
  EXPECT_THAT(Pixels(AlphaBmp(70)), ElementsAre(1, 2, 3, 70));
  EXPECT_THAT(Pixels(AlphaBmp(0)), ElementsAre(1, 2, 3, 255));
  EXPECT_THAT(Pixels(Bmp(1, 1, 32, 0, "", Bytes({3, 2, 1, 0}))),
              ElementsAre(1, 2, 3));
}

TEST(DecodeBmp, RunLengthsAreUnrolled) {
  const std::string all = kFour + std::string(1008, '\0');
  // Two of colour 1, end of line; three as they are (and one to fill up),
  // from the second pixel on; end.
  const std::string rolled =
      Bytes({2, 1, 0, 0, 0, 2, 1, 0, 0, 3, 1, 2, 3, 0, 0, 1});
  EXPECT_THAT(Pixels(Bmp(4, 2, 8, 1, all, rolled)),
              ElementsAre(0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255,  //
                          255, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0));
  // Five of colours 1 and 2 in turn, beyond the end of the line.
  EXPECT_THAT(Pixels(Bmp(4, 1, 4, 2, kFour + std::string(48, '\0'),
                         Bytes({5, 0x12, 0, 1}))),
              ElementsAre(255, 0, 0, 0, 255, 0, 255, 0, 0, 0, 255, 0));
}

TEST(DecodeBmp, WhatIsCutOffOrUnknownIsToldSo) {
  const std::string whole = Bmp(2, 2, 24, 0, "", std::string(16, '\x55'));
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(DecodeImage(absl::string_view(whole).substr(0, size)).ok())
        << size;
  const auto jpeg = DecodeImage(Bmp(2, 2, 24, 4, "", std::string(16, '\0')));
  EXPECT_THAT(std::string(jpeg.status().message()),
              HasSubstr("24 bits a pixel with compression 4"));
  const auto bomb = DecodeImage(Bmp(30000, 30000, 8, 1, kFour, "\0\1"));
  EXPECT_THAT(std::string(bomb.status().message()), HasSubstr("too large"));
}

TEST(DecodeBmp, FlippedBytesAreErrorsOrPictures) {
  const std::string all = kFour + std::string(1008, '\0');
  for (const std::string& whole :
       {Bmp(4, 2, 8, 1, all,
            Bytes({2, 1, 0, 0, 0, 2, 1, 0, 0, 3, 1, 2, 3, 0, 0, 1})),
        AlphaBmp(9), Bmp(3, 3, 24, 0, "", std::string(36, '\x11'))}) {
    for (size_t at = 0; at < whole.size(); ++at) {
      for (const int bits : {0x55, 0xFF, 0x80}) {
        std::string flipped = whole;
        flipped[at] = static_cast<char>(flipped[at] ^ bits);
        DecodeOptions options;
        options.limits.max_pixels = 1 << 20;
        const auto image = DecodeImage(flipped, options);
        if (!image.ok()) continue;
        EXPECT_EQ(image->pixels.size(), static_cast<size_t>(image->width) *
                                            image->height * image->channels);
      }
    }
  }
}

}  // namespace
}  // namespace phosphene
