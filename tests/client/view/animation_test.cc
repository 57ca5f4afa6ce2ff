#include "client/view/animation.h"

#include <gtest/gtest.h>
#include <webp/demux.h>

namespace phosphene::client {
namespace {

Pixels Grey(int width, int height, uint8_t level, int channels = 3) {
  Pixels pixels = Pixels::Make(width, height, channels);
  std::fill(pixels.data.begin(), pixels.data.end(), level);
  return pixels;
}

TEST(EncodeAnimation, HoldsEachFrameForItsTimeAndLoops) {
  const auto bytes =
      EncodeAnimation({Grey(32, 20, 0), Grey(32, 20, 128), Grey(32, 20, 255)},
                      /*frames_per_second=*/10, /*quality=*/80);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const WebPData data = {reinterpret_cast<const uint8_t*>(bytes->data()),
                         bytes->size()};
  WebPAnimDecoder* decoder = WebPAnimDecoderNew(&data, nullptr);
  ASSERT_NE(decoder, nullptr);
  WebPAnimInfo info;
  ASSERT_TRUE(WebPAnimDecoderGetInfo(decoder, &info));
  EXPECT_EQ(info.canvas_width, 32u);
  EXPECT_EQ(info.canvas_height, 20u);
  EXPECT_EQ(info.frame_count, 3u);
  EXPECT_EQ(info.loop_count, 0u) << "0 is for ever";
  uint8_t* frame = nullptr;
  int ends = 0;
  for (const int level : {0, 128, 255}) {
    ASSERT_TRUE(WebPAnimDecoderGetNext(decoder, &frame, &ends));
    EXPECT_NEAR(frame[4 * 5], level, 3);
  }
  EXPECT_EQ(ends, 300) << "milliseconds";
  WebPAnimDecoderDelete(decoder);
}

TEST(EncodeAnimation, RefusesFramesThatDoNotFit) {
  EXPECT_FALSE(EncodeAnimation({}, 10, 80).ok());
  EXPECT_FALSE(EncodeAnimation({Grey(8, 8, 0), Grey(8, 9, 0)}, 10, 80).ok());
  EXPECT_FALSE(EncodeAnimation({Grey(20000, 1, 0)}, 10, 80).ok());
}

}  // namespace
}  // namespace phosphene::client
