#include "server/scheduler/frame_encoder.h"

#include <string>

#include "server/imaging/format.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

// A picture of random-looking pixels.
Image8 Noise(int channels) {
  Image8 image{32, 16, channels, {}};
  unsigned value = 1;
  for (int i = 0; i < 32 * 16 * channels; ++i) {
    value = value * 1664525u + 1013904223u;
    image.pixels.push_back(value >> 24);
  }
  return image;
}

TEST(FrameEncoderTest, PicturesAreJpegAndThoseWithAlphaPng) {
  for (const int channels : {1, 2, 3, 4}) {
    ASSERT_OK_AND_ASSIGN(const v1::Frame frame,
                         EncodeFrame(7, Noise(channels), 85));
    const bool alpha = channels == 2 || channels == 4;
    EXPECT_EQ(frame.media_type(), alpha ? "image/png" : "image/jpeg");
    EXPECT_EQ(SniffFormat(frame.image()),
              alpha ? ImageFormat::kPng : ImageFormat::kJpeg);
    EXPECT_EQ(frame.step(), 7);
    EXPECT_EQ(frame.width(), 32);
    EXPECT_EQ(frame.height(), 16);
    EXPECT_EQ(frame.name(), "");
  }
}

TEST(FrameEncoderTest, QualityCostsBytesAndHasADefault) {
  const auto size = [](int quality) {
    return EncodeFrame(0, Noise(3), quality)->image().size();
  };
  EXPECT_LT(size(10), size(85));
  EXPECT_LT(size(85), size(100));
  EXPECT_EQ(size(0), size(85));
}

TEST(FrameEncoderTest, APictureThatIsNoneIsRefused) {
  EXPECT_THAT(EncodeFrame(0, Image8(), 85), testing::Not(IsOk()));
}

}  // namespace
}  // namespace phosphene
