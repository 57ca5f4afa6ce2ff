#include "server/imaging/encode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <webp/demux.h>

#include "server/imaging/decode.h"
#include "server/imaging/layout.h"
#include "tests/imaging/pictures.h"

namespace phosphene {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

int FrameCount(const std::string& webp) {
  const WebPData data{reinterpret_cast<const uint8_t*>(webp.data()),
                      webp.size()};
  WebPDemuxer* demuxer = WebPDemux(&data);
  const int count =
      static_cast<int>(WebPDemuxGetI(demuxer, WEBP_FF_FRAME_COUNT));
  WebPDemuxDelete(demuxer);
  return count;
}

TEST(EncodePng, TellsItsTextBack) {
  PngOptions options;
  const std::string spec(5000, 'x');
  options.text = {
      {"Software", "Phosphene"}, {"seed", "7"}, {"spec", "π " + spec}};
  const auto png = EncodePng(Gradient(8, 8, 3), options);
  ASSERT_TRUE(png.ok());
  EXPECT_LT(png->size(), 2000u) << "long text is compressed";
  EXPECT_THAT(ReadPngText(*png),
              ElementsAre(Pair("Software", "Phosphene"), Pair("seed", "7"),
                          Pair("spec", "π " + spec)));
}

TEST(EncodePng, SixteenBitsAreStoredHighByteFirstAndReadBackRounded) {
  Image16 image{3, 1, 1, {0, 0x1234, 65535}};
  const auto png = EncodePng(image);
  ASSERT_TRUE(png.ok()) << png.status();
  EXPECT_EQ((*png)[24], 16) << "bits a sample";
  const auto back = DecodeImage(*png);
  ASSERT_TRUE(back.ok());
  EXPECT_THAT(back->pixels, ElementsAre(0, 0x12, 255));
  // Stored without compression the bytes are there to see.
  PngOptions plain;
  plain.compression = 0;
  EXPECT_THAT(*EncodePng(image, plain),
              HasSubstr(std::string("\0\0\x12\x34\xFF\xFF", 6)));
  image.pixels.pop_back();
  EXPECT_EQ(EncodePng(image).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ReadPngText, IsEmptyForWhatHasNone) {
  EXPECT_TRUE(ReadPngText(*EncodePng(Gradient(8, 8, 3))).empty());
  EXPECT_TRUE(ReadPngText("").empty());
  EXPECT_TRUE(ReadPngText(EncodePng(Gradient(8, 8, 3))->substr(0, 20)).empty());
}

TEST(Encoders, SamePixelsMakeTheSameBytes) {
  const Image8 image = Gradient(50, 40, 4);
  EXPECT_EQ(*EncodePng(image), *EncodePng(image));
  EXPECT_EQ(*EncodeJpeg(image), *EncodeJpeg(image));
  EXPECT_EQ(*EncodeWebp(image), *EncodeWebp(image));
}

TEST(Encoders, RefuseAnImageThatIsNotOne) {
  for (const Image8& image : {Image8{}, Image8{2, 2, 3, {1, 2, 3}},
                              Image8{2, 2, 5, {}}, Image8{-1, 4, 1, {}}}) {
    EXPECT_EQ(EncodePng(image).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(EncodeJpeg(image).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(EncodeWebp(image).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(EncodeAnimatedWebp({image}).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(EncodeJpeg, QualityIsBoundedAndTellsInSize) {
  const Image8 image = Gradient(100, 100, 3);
  EXPECT_GT(EncodeJpeg(image, {95})->size(), EncodeJpeg(image, {20})->size());
  EXPECT_THAT(std::string(EncodeJpeg(image, {0}).status().message()),
              HasSubstr("1..100"));
}

TEST(EncodeJpeg, AlphaGoesOverBlack) {
  const auto image = DecodeImage(*EncodeJpeg(Flat(16, 16, {200, 200, 200, 0})));
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->channels, 3);
  EXPECT_LE(image->pixels[0], 2);
}

TEST(EncodeWebp, RefusesSidesTheFormatCannotHold) {
  const auto webp = EncodeWebp(Flat(16384, 1, {1, 2, 3}));
  EXPECT_THAT(std::string(webp.status().message()), HasSubstr("16383"));
}

TEST(EncodeAnimatedWebp, ShowsEveryFrameAndPingPongGoesBack) {
  std::vector<Image8> frames;
  for (int i = 0; i < 4; ++i) {
    frames.push_back(Flat(16, 16, {static_cast<uint8_t>(i * 60), 0, 0}));
  }
  EXPECT_EQ(FrameCount(*EncodeAnimatedWebp(frames)), 4);
  AnimatedWebpOptions options;
  options.ping_pong = true;
  EXPECT_EQ(FrameCount(*EncodeAnimatedWebp(frames, options)), 6);
}

TEST(EncodeAnimatedWebp, FramesMustHaveOneSize) {
  const auto webp =
      EncodeAnimatedWebp({Flat(4, 4, {1, 2, 3}), Flat(5, 4, {1, 2, 3})});
  EXPECT_THAT(std::string(webp.status().message()), HasSubstr("one size"));
}

}  // namespace
}  // namespace phosphene
