#include "server/imaging/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

// jpeglib.h needs FILE, size_t declared before it.
#include <jpeglib.h>

#include "server/imaging/encode.h"
#include "server/imaging/exif.h"
#include "tests/imaging/pictures.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;

// A JPEG of one colour of four inks, stored as they are or as YCCK, with
// Adobe's marker as libjpeg writes it for CMYK.
std::string CmykJpeg(std::vector<uint8_t> pixel, bool adobe,
                     J_COLOR_SPACE stored = JCS_CMYK) {
  jpeg_compress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &out, &size);
  jpeg.image_width = jpeg.image_height = 16;
  jpeg.input_components = 4;
  jpeg.in_color_space = JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_colorspace(&jpeg, stored);
  jpeg_set_quality(&jpeg, 100, TRUE);
  jpeg.write_Adobe_marker = adobe;
  jpeg_start_compress(&jpeg, TRUE);
  Image8 image = Flat(16, 1, pixel);
  for (int y = 0; y < 16; ++y) {
    JSAMPROW row = image.pixels.data();
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  std::string bytes(reinterpret_cast<char*>(out), size);
  jpeg_destroy_compress(&jpeg);
  std::free(out);
  return bytes;
}

// A PNG written by libpng with the header given.
std::string RawPng(int bit_depth, int color_type, int interlace,
                   const std::vector<std::vector<uint8_t>>& rows, int width) {
  std::string out;
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &out,
      [](png_structp p, png_bytep data, size_t n) {
        static_cast<std::string*>(png_get_io_ptr(p))
            ->append(reinterpret_cast<char*>(data), n);
      },
      nullptr);
  png_set_IHDR(png, info, width, rows.size(), bit_depth, color_type, interlace,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  const png_color palette[] = {{10, 20, 30}, {200, 100, 50}};
  if (color_type == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 2);
  png_write_info(png, info);
  std::vector<png_bytep> pointers;
  for (const auto& row : rows)
    pointers.push_back(const_cast<png_bytep>(row.data()));
  png_write_image(png, pointers.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return out;
}

Image8 Decoded(absl::string_view bytes, const DecodeOptions& options = {}) {
  auto image = DecodeImage(bytes, options);
  EXPECT_TRUE(image.ok()) << image.status();
  return image.ok() ? *image : Image8{};
}

TEST(DecodeImage, PngRoundTripIsExactForEveryChannelCount) {
  for (int channels = 1; channels <= 4; ++channels) {
    const Image8 image = Gradient(33, 17, channels);
    EXPECT_EQ(MaxDifference(Decoded(*EncodePng(image)), image), 0) << channels;
  }
}

TEST(DecodeImage, SixteenBitPngKeepsTheHighByte) {
  const Image8 image =
      Decoded(RawPng(16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                     {{0x80, 0x00, 0xFF, 0xFF, 0x00, 0x00}}, 3));
  ASSERT_EQ(image.channels, 1);
  EXPECT_NEAR(image.pixels[0], 128, 1);
  EXPECT_EQ(image.pixels[1], 255);
  EXPECT_EQ(image.pixels[2], 0);
}

TEST(DecodeImage, PaletteAndInterlacedPngsAreExpanded) {
  const Image8 palette = Decoded(
      RawPng(8, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE, {{0, 1}}, 2));
  EXPECT_EQ(palette.pixels, (std::vector<uint8_t>{10, 20, 30, 200, 100, 50}));
  const Image8 interlaced = Decoded(
      RawPng(8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_ADAM7, {{1, 2}, {3, 4}}, 2));
  EXPECT_EQ(interlaced.pixels, (std::vector<uint8_t>{1, 2, 3, 4}));
}

TEST(DecodeImage, OneBitAPixelIsBlackAndWhite) {
  const Image8 image =
      Decoded(RawPng(1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, {{0xA0}}, 4));
  EXPECT_EQ(image.channels, 1);
  EXPECT_EQ(image.pixels, (std::vector<uint8_t>{255, 0, 255, 0}));
}

TEST(DecodeImage, PicturesOfOnePixelAndOneColumnAreReadToo) {
  for (const auto& [width, height] :
       {std::pair(1, 1), std::pair(1, 4000), std::pair(4000, 1)}) {
    const Image8 image = Gradient(width, height, 3);
    for (const std::string& bytes : {*EncodePng(image), *EncodeTiff(image),
                                     *EncodeWebp(image, {.lossless = true})}) {
      EXPECT_EQ(MaxDifference(Decoded(bytes), image), 0);
    }
    EXPECT_EQ(Decoded(*EncodeJpeg(image)).height, height);
    EXPECT_EQ(Decoded(*EncodeGif({image})).width, width);
  }
}

TEST(DecodeImage, JpegKeepsGreyAndColour) {
  for (const int channels : {1, 3}) {
    const Image8 image = Gradient(64, 48, channels);
    EXPECT_LE(MaxDifference(Decoded(*EncodeJpeg(image, {95})), image), 8)
        << channels;
  }
}

TEST(DecodeImage, CmykJpegBecomesRgb) {
  // Pure red is no cyan, full magenta and yellow, no black; Adobe inverts.
  const Image8 adobe = Decoded(CmykJpeg({255, 0, 0, 255}, true));
  const Image8 plain = Decoded(CmykJpeg({0, 255, 255, 0}, false));
  // YCCK is the same inks as brightness, two colours and black.
  const Image8 ycck = Decoded(CmykJpeg({255, 0, 0, 255}, true, JCS_YCCK));
  for (const Image8& image : {adobe, plain, ycck}) {
    ASSERT_EQ(image.channels, 3);
    EXPECT_NEAR(image.pixels[0], 255, 2);
    EXPECT_NEAR(image.pixels[1], 0, 2);
    EXPECT_NEAR(image.pixels[2], 0, 2);
  }
}

TEST(DecodeImage, TurnsAJpegUpright) {
  const std::string jpeg = *EncodeJpeg(Gradient(32, 16, 3), {95});
  const Image8 stored = Decoded(jpeg);
  EXPECT_EQ(
      MaxDifference(Decoded(WithExif(jpeg, 6)), ApplyOrientation(stored, 6)),
      0);
  DecodeOptions as_stored;
  as_stored.apply_orientation = false;
  EXPECT_EQ(MaxDifference(Decoded(WithExif(jpeg, 6), as_stored), stored), 0);
}

TEST(DecodeImage, WebpKeepsColourAndAlpha) {
  WebpOptions lossless;
  lossless.lossless = true;
  for (const int channels : {3, 4}) {
    const Image8 image = Gradient(31, 20, channels);
    EXPECT_EQ(MaxDifference(Decoded(*EncodeWebp(image, lossless)), image), 0)
        << channels;
    EXPECT_LE(MaxDifference(Decoded(*EncodeWebp(image)), image), 24)
        << channels;
  }
}

TEST(DecodeImage, FirstFrameStandsForAnAnimation) {
  const auto animation = EncodeAnimatedWebp(
      {Flat(16, 16, {250, 10, 10}), Flat(16, 16, {0, 0, 250})});
  const Image8 image = Decoded(*animation);
  ASSERT_EQ(image.channels, 4);
  EXPECT_GT(image.pixels[0], 200);
  EXPECT_LT(image.pixels[2], 60);
}

// Every cut and a sprinkling of flipped bytes: an error or an image of the
// stated size, never a crash.
TEST(DecodeImage, BrokenFilesAreErrorsNotCrashes) {
  for (const std::string& whole :
       {*EncodePng(Gradient(24, 24, 4)), *EncodeJpeg(Gradient(24, 24, 3)),
        *EncodeWebp(Gradient(24, 24, 4)),
        *EncodeAnimatedWebp({Gradient(24, 24, 3), Flat(24, 24, {1, 2, 3})})}) {
    for (size_t size = 0; size + 20 < whole.size(); size += 7) {
      EXPECT_FALSE(DecodeImage(absl::string_view(whole).substr(0, size)).ok())
          << FormatName(SniffFormat(whole)) << " cut to " << size << " of "
          << whole.size();
    }
    for (size_t at = 0; at < whole.size(); at += 3) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ 0x55);
      const auto image = DecodeImage(flipped);
      if (!image.ok()) continue;
      EXPECT_EQ(image->pixels.size(), static_cast<size_t>(image->width) *
                                          image->height * image->channels);
    }
  }
}

TEST(DecodeImage, TruncatedJpegIsRefusedNotFilledWithGrey) {
  const std::string whole = *EncodeJpeg(Gradient(200, 200, 3));
  const auto image =
      DecodeImage(absl::string_view(whole).substr(0, whole.size() / 2));
  EXPECT_THAT(std::string(image.status().message()),
              HasSubstr("broken JPEG image"));
}

TEST(DecodeImage, ReadsRealPhotographs) {
  std::ifstream file("../shared/images/tubingen.jpg", std::ios::binary);
  if (!file) GTEST_SKIP() << "../shared/images/tubingen.jpg is not here";
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  const Image8 image = Decoded(bytes);
  EXPECT_EQ(image.channels, 3);
  EXPECT_GT(image.width, 100);
}

}  // namespace
}  // namespace phosphene
