#include "server/imaging/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/imaging/encode.h"
#include "tests/imaging/pictures.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;

// Header of a PNG of any size: 33 bytes that promise gigabytes.
std::string PngHeader(uint32_t width, uint32_t height) {
  return std::string("\x89PNG\r\n\x1a\n", 8) + BigEndian(13, 4) + "IHDR" +
         BigEndian(width, 4) + BigEndian(height, 4) +
         std::string("\x08\x02\0\0\0\0\0\0\0", 9);
}

std::string Error(absl::string_view bytes, const ImageLimits& limits = {}) {
  const auto info = ReadImageInfo(bytes, limits);
  EXPECT_EQ(info.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(info.status().message());
}

TEST(SniffFormat, GoesByTheFirstBytes) {
  EXPECT_EQ(SniffFormat(*EncodePng(Gradient(4, 4, 3))), ImageFormat::kPng);
  EXPECT_EQ(SniffFormat(*EncodeJpeg(Gradient(4, 4, 3))), ImageFormat::kJpeg);
  EXPECT_EQ(SniffFormat(*EncodeWebp(Gradient(4, 4, 3))), ImageFormat::kWebp);
  EXPECT_EQ(SniffFormat("GIF89a"), ImageFormat::kGif);
  EXPECT_EQ(SniffFormat("BMW is a maker of cars"), ImageFormat::kUnknown);
  EXPECT_EQ(SniffFormat(""), ImageFormat::kUnknown);
}

TEST(ReadImageInfo, TellsSizeAndFormat) {
  for (const std::string& bytes :
       {*EncodePng(Gradient(40, 30, 3)), *EncodeJpeg(Gradient(40, 30, 1)),
        *EncodeWebp(Gradient(40, 30, 4)), *EncodeGif({Gradient(40, 30, 3)})}) {
    const auto info = ReadImageInfo(bytes);
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_EQ(info->width, 40);
    EXPECT_EQ(info->height, 30);
    EXPECT_EQ(info->format, SniffFormat(bytes));
  }
}

TEST(ReadImageInfo, RefusesABombByItsHeader) {
  EXPECT_THAT(Error(PngHeader(30000, 30000)),
              HasSubstr("30000 x 30000 is too large"));
  EXPECT_THAT(Error(PngHeader(40000, 1)), HasSubstr("at most 32768 on a side"));
  EXPECT_THAT(Error(PngHeader(0, 5)), HasSubstr("no pixels"));
}

TEST(ReadImageInfo, HoldsToTheLimitsGiven) {
  ImageLimits limits;
  limits.max_pixels = 99;
  EXPECT_THAT(Error(*EncodePng(Gradient(10, 10, 1)), limits),
              HasSubstr("at most 99 pixels"));
  limits = {};
  limits.max_bytes = 10;
  EXPECT_THAT(Error(*EncodePng(Gradient(10, 10, 1)), limits),
              HasSubstr("at most 10"));
}

TEST(ReadImageInfo, SaysWhatIsNoImage) {
  EXPECT_THAT(Error(""), HasSubstr("empty"));
  EXPECT_THAT(Error("solid ascii"),
              HasSubstr("text; allowed PNG, JPEG, WebP, TIFF, GIF or BMP"));
}

TEST(ReadImageInfo, TruncatedHeadersAreErrors) {
  for (const std::string& whole :
       {*EncodePng(Gradient(9, 9, 3)), *EncodeJpeg(Gradient(9, 9, 3)),
        *EncodeWebp(Gradient(9, 9, 3))}) {
    for (size_t size = 0; size < 24; ++size) {
      EXPECT_FALSE(ReadImageInfo(absl::string_view(whole).substr(0, size)).ok())
          << size;
    }
  }
}

TEST(ReadImageInfo, ReadsTheExifOrientationOfAJpeg) {
  EXPECT_EQ(
      ReadImageInfo(WithExif(*EncodeJpeg(Gradient(8, 4, 3)), 6))->orientation,
      6);
}

}  // namespace
}  // namespace phosphene
