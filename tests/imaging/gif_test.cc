#include <gif_lib.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "server/imaging/decode.h"
#include "server/imaging/encode.h"
#include "server/imaging/gif_bytes.h"
#include "tests/imaging/pictures.h"

namespace phosphene {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Four colours, 4 x 10 pixels, line y in colour y % 4; colour 3 may be
// transparent, lines may be stored interlaced.
std::string StripedGif(int transparent, bool interlaced, int screen_width = 4) {
  const auto file = GifBytes::Write();
  GifFileType* gif = file->handle();
  const GifColorType colors[] = {
      {10, 20, 30}, {200, 0, 0}, {0, 200, 0}, {0, 0, 200}};
  ColorMapObject* map = GifMakeMapObject(4, colors);
  EGifSetGifVersion(gif, true);
  EGifPutScreenDesc(gif, screen_width, 10, 2, 0, map);
  const GraphicsControlBlock control = {0, false, 0, transparent};
  GifByteType bytes[4];
  EGifGCBToExtension(&control, bytes);
  EGifPutExtension(gif, GRAPHICS_EXT_FUNC_CODE, 4, bytes);
  EGifPutImageDesc(gif, 0, 0, 4, 10, interlaced, nullptr);
  const std::vector<int> lines =
      interlaced ? std::vector<int>{0, 8, 4, 2, 6, 1, 3, 5, 7, 9}
                 : std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (const int y : lines) {
    std::vector<GifPixelType> line(4, static_cast<GifPixelType>(y % 4));
    EGifPutLine(gif, line.data(), 4);
  }
  GifFreeMapObject(map);
  return file->Finish();
}

// Frames, and how long each is shown, as giflib reads them.
std::vector<int> Delays(const std::string& bytes) {
  const auto file = GifBytes::Read(bytes);
  EXPECT_EQ(DGifSlurp(file->handle()), GIF_OK);
  std::vector<int> delays;
  for (int i = 0; i < file->handle()->ImageCount; ++i) {
    GraphicsControlBlock control;
    EXPECT_EQ(DGifSavedExtensionToGCB(file->handle(), i, &control), GIF_OK);
    delays.push_back(control.DelayTime);
  }
  return delays;
}

Image8 Decoded(absl::string_view bytes) {
  auto image = DecodeImage(bytes);
  EXPECT_TRUE(image.ok()) << image.status();
  return image.ok() ? *image : Image8{};
}

TEST(DecodeGif, LinesComeInOrderInterlacedOrNot) {
  for (const bool interlaced : {false, true}) {
    const Image8 image = Decoded(StripedGif(NO_TRANSPARENT_COLOR, interlaced));
    ASSERT_EQ(image.channels, 3);
    ASSERT_EQ(image.height, 10);
    for (int y = 0; y < 10; ++y) {
      EXPECT_EQ(image.pixels[12 * y], y % 4 == 1   ? 200
                                      : y % 4 == 0 ? 10
                                                   : 0)
          << y;
      EXPECT_EQ(image.pixels[12 * y + 2], y % 4 == 3   ? 200
                                          : y % 4 == 0 ? 30
                                                       : 0)
          << y;
    }
  }
}

TEST(DecodeGif, TheTransparentColourIsAlpha) {
  const Image8 image = Decoded(StripedGif(3, false));
  ASSERT_EQ(image.channels, 4);
  for (int y = 0; y < 10; ++y)
    EXPECT_EQ(image.pixels[16 * y + 3], y % 4 == 3 ? 0 : 255) << y;
}

TEST(DecodeGif, WhatTheFrameDoesNotCoverIsTransparentAndAScreenTooSmallGrows) {
  const Image8 wide = Decoded(StripedGif(NO_TRANSPARENT_COLOR, false, 6));
  EXPECT_EQ(wide.width, 6);
  ASSERT_EQ(wide.channels, 4);
  EXPECT_EQ(wide.pixels[3], 255);
  EXPECT_EQ(wide.pixels[4 * 5 + 3], 0);
  EXPECT_EQ(Decoded(StripedGif(NO_TRANSPARENT_COLOR, false, 2)).width, 4);
}

TEST(DecodeGif, EveryCutAndFlippedByteIsAnErrorOrAPicture) {
  const std::string whole = StripedGif(2, true);
  for (size_t size = 0; size + 2 < whole.size(); ++size)
    EXPECT_FALSE(DecodeImage(absl::string_view(whole).substr(0, size)).ok())
        << size << " of " << whole.size();
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x55);
    DecodeOptions options;
    options.limits.max_pixels = 1 << 20;
    const auto image = DecodeImage(flipped, options);
    if (!image.ok()) continue;
    EXPECT_EQ(image->pixels.size(), static_cast<size_t>(image->width) *
                                        image->height * image->channels);
  }
}

TEST(DecodeGif, AScreenOfGigabytesIsRefusedByItsHeader) {
  std::string bomb = StripedGif(NO_TRANSPARENT_COLOR, false);
  for (size_t at = 6; at < 10; ++at) bomb[at] = '\xFF';
  EXPECT_THAT(std::string(DecodeImage(bomb).status().message()),
              HasSubstr("65535 x 65535 is too large"));
}

TEST(EncodeGif, FewColoursAreKeptExactlyAndAlphaIsThereOrNot) {
  Image8 image = Flat(9, 5, {250, 130, 7, 255});
  image.pixels[0] = 3;
  image.pixels[4 * 7 + 3] = 40;
  const Image8 back = Decoded(*EncodeGif({image}));
  ASSERT_EQ(back.channels, 4);
  for (size_t i = 0; i < 45; ++i) {
    const bool clear = i == 7;
    EXPECT_EQ(back.pixels[4 * i + 3], clear ? 0 : 255) << i;
    if (clear) continue;
    for (size_t c = 0; c < 3; ++c)
      EXPECT_EQ(back.pixels[4 * i + c], image.pixels[4 * i + c]) << i;
  }
}

TEST(EncodeGif, ShowsEveryFrameForItsTimeAndPingPongGoesBack) {
  std::vector<Image8> frames;
  for (int i = 0; i < 4; ++i)
    frames.push_back(Flat(8, 8, {static_cast<uint8_t>(i * 60), 0, 0}));
  GifOptions options;
  options.frames_per_second = 30;
  // A tenth of a second in three.
  EXPECT_THAT(Delays(*EncodeGif(frames, options)), ElementsAre(3, 4, 3, 3));
  options.frames_per_second = 10;
  options.ping_pong = true;
  EXPECT_THAT(Delays(*EncodeGif(frames, options)),
              ElementsAre(10, 10, 10, 10, 10, 10));
}

TEST(EncodeGif, LoopsForEver) {
  EXPECT_THAT(*EncodeGif({Flat(4, 4, {1, 2, 3})}),
              HasSubstr(std::string("NETSCAPE2.0\x03\x01\0\0", 15)));
}

TEST(EncodeGif, RefusesWhatItCannotHold) {
  EXPECT_THAT(std::string(EncodeGif({}).status().message()),
              HasSubstr("needs a frame"));
  GifOptions options;
  options.frames_per_second = 51;
  EXPECT_THAT(
      std::string(
          EncodeGif({Flat(4, 4, {1, 2, 3})}, options).status().message()),
      HasSubstr("1..50"));
  EXPECT_THAT(
      std::string(EncodeGif({Flat(65536, 1, {1, 2, 3})}).status().message()),
      HasSubstr("65535"));
}

}  // namespace
}  // namespace phosphene
