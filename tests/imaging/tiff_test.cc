// TIFF in and out: what is written is read back, by blocks of any kind, and
// broken files are refused.

#include <tiffio.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/imaging/decode.h"
#include "server/imaging/encode.h"
#include "server/imaging/tiff_bytes.h"
#include "tests/imaging/pictures.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;

class EveryNumberOfChannels : public ::testing::TestWithParam<int> {};

TEST_P(EveryNumberOfChannels, ComesBackAsItWas) {
  for (const auto& [width, height] :
       {std::pair(1, 1), std::pair(256, 256), std::pair(300, 519)}) {
    const Image8 image = Gradient(width, height, GetParam());
    ASSERT_OK_AND_ASSIGN(const std::string bytes, EncodeTiff(image));
    EXPECT_EQ(SniffFormat(bytes), ImageFormat::kTiff);
    ASSERT_OK_AND_ASSIGN(const Image8 read, DecodeImage(bytes));
    EXPECT_EQ(read.channels, GetParam());
    EXPECT_EQ(read.pixels, image.pixels) << width << " x " << height;
  }
}

INSTANTIATE_TEST_SUITE_P(Channels, EveryNumberOfChannels,
                         ::testing::Values(1, 2, 3, 4));

TEST(EncodeTiff, AsksForRowsInOrderAndNeverForAll) {
  const Image8 image = Gradient(70, 600, 3);
  PixelRows rows = RowsOf(image);
  int next = 0;
  rows.read = [&, plain = rows.read](int begin, int end, uint8_t* pixels) {
    EXPECT_EQ(begin, next);
    EXPECT_LE(end - begin, 256);
    next = end;
    return plain(begin, end, pixels);
  };
  ASSERT_OK_AND_ASSIGN(const std::string tiff, EncodeTiff(rows));
  EXPECT_EQ(next, 600);
  EXPECT_EQ(tiff, *EncodeTiff(image));
  next = 0;
  ASSERT_OK_AND_ASSIGN(const std::string png, EncodePng(rows));
  EXPECT_EQ(png, *EncodePng(image));
}

TEST(EncodeTiff, AnErrorOfARowEndsIt) {
  PixelRows rows{8, 8, 3, [](int, int, uint8_t*) {
                   return absl::CancelledError("stopped");
                 }};
  EXPECT_THAT(EncodeTiff(rows),
              StatusIs(absl::StatusCode::kCancelled, "stopped"));
  EXPECT_THAT(EncodePng(rows),
              StatusIs(absl::StatusCode::kCancelled, "stopped"));
}

// A file of strips, written by libtiff itself.
std::string Strips(int bits, int samples, int photometric, int compression,
                   const std::function<void(TIFF*)>& more = nullptr) {
  constexpr int kWidth = 20, kHeight = 13;
  const auto file = TiffBytes::Write();
  TIFF* tiff = file->handle();
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, kWidth);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, kHeight);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, bits);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, samples);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, photometric);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, compression);
  TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 5);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  if (more) more(tiff);
  for (int y = 0; y < kHeight; ++y) {
    std::vector<uint8_t> row(kWidth * samples * std::max(bits, 8) / 8);
    for (int i = 0; i < kWidth * samples; ++i) {
      const auto value = static_cast<uint8_t>(10 * y + 5 * (i % samples));
      if (bits == 16) {
        reinterpret_cast<uint16_t*>(row.data())[i] =
            static_cast<uint16_t>(value * 257);
      } else {
        row[i] = value;
      }
    }
    TIFFWriteScanline(tiff, row.data(), y, 0);
  }
  TIFFWriteDirectory(tiff);
  return file->Finish();
}

TEST(DecodeTiff, ReadsStripsOfEightAndSixteenBits) {
  for (const int bits : {8, 16}) {
    for (const int compression :
         {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE}) {
      ASSERT_OK_AND_ASSIGN(
          const Image8 image,
          DecodeImage(Strips(bits, 3, PHOTOMETRIC_RGB, compression)));
      ASSERT_EQ(image.channels, 3);
      EXPECT_EQ(image.pixels[(12 * 20 + 3) * 3 + 1], 125) << bits;
    }
  }
}

TEST(DecodeTiff, ShowsInvertedGreyAndCmykAsRgb) {
  ASSERT_OK_AND_ASSIGN(
      const Image8 grey,
      DecodeImage(Strips(8, 1, PHOTOMETRIC_MINISWHITE, COMPRESSION_NONE)));
  EXPECT_EQ(grey.channels, 3);
  EXPECT_EQ(grey.pixels[0], 255);
  EXPECT_EQ(grey.pixels[12 * 20 * 3], 255 - 120);
  ASSERT_OK_AND_ASSIGN(
      const Image8 cmyk,
      DecodeImage(Strips(8, 4, PHOTOMETRIC_SEPARATED, COMPRESSION_NONE)));
  EXPECT_EQ(cmyk.channels, 3);
  EXPECT_GT(cmyk.pixels[0], cmyk.pixels[12 * 20 * 3]);
}

TEST(DecodeTiff, TurnsByItsOrientation) {
  const std::string turned =
      Strips(8, 1, PHOTOMETRIC_MINISBLACK, COMPRESSION_NONE, [](TIFF* tiff) {
        TIFFSetField(tiff, TIFFTAG_ORIENTATION, ORIENTATION_BOTLEFT);
      });
  ASSERT_OK_AND_ASSIGN(const Image8 image, DecodeImage(turned));
  EXPECT_EQ(image.pixels[0], 120) << "the last row stored comes first";
}

TEST(DecodeTiff, IsBoundedByItsHeader) {
  const std::string bytes = *EncodeTiff(Gradient(300, 200, 3));
  DecodeOptions options;
  options.limits.max_pixels = 59'999;
  EXPECT_THAT(DecodeImage(bytes, options),
              StatusIs(absl::StatusCode::kInvalidArgument, "300 x 200"));
}

// Cut anywhere, or with any byte changed, a file is read or refused.
TEST(DecodeTiff, BrokenFilesAreRefused) {
  const std::string whole = *EncodeTiff(Gradient(40, 30, 3));
  EXPECT_THAT(DecodeImage(whole.substr(0, whole.size() / 2)),
              StatusIs(absl::StatusCode::kInvalidArgument, "TIFF"));
  DecodeOptions options;
  options.limits.max_pixels = 1 << 16;
  for (size_t at = 0; at < whole.size(); ++at) {
    DecodeImage(whole.substr(0, at), options).status().IgnoreError();
    for (const char value : {'\0', '\x7f', '\xff'}) {
      std::string changed = whole;
      changed[at] = value;
      DecodeImage(changed, options).status().IgnoreError();
    }
  }
}

// As raw photos are: a preview before the photo.
TEST(DecodeTiff, ThePreviewOfARawPhotoIsNotTakenForThePhoto) {
  const auto file = TiffBytes::Write();
  TIFF* tiff = file->handle();
  TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, 2);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 1);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  uint8_t row[] = {1, 2};
  TIFFWriteScanline(tiff, row, 0, 0);
  TIFFWriteDirectory(tiff);
  const auto image = DecodeImage(file->Finish());
  EXPECT_THAT(std::string(image.status().message()),
              ::testing::HasSubstr("raw photo"));
}

}  // namespace
}  // namespace phosphene
