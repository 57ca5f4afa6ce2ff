#include "client/view/animation.h"

#include <gtest/gtest.h>

#include "server/imaging/decode.h"

namespace phosphene::client {
namespace {

TEST(EncodeAnimation, WritesWhatTheExtensionSays) {
  const std::vector<Image8> frames = {{2, 2, 3, std::vector<uint8_t>(12, 10)},
                                      {2, 2, 3, std::vector<uint8_t>(12, 200)}};
  const std::pair<const char*, ImageFormat> kFormats[] = {
      {"webp", ImageFormat::kWebp},
      {"gif", ImageFormat::kGif},
      {"apng", ImageFormat::kPng}};
  for (const auto& [extension, format] : kFormats) {
    ASSERT_TRUE(IsAnimationExtension(extension));
    const auto bytes = EncodeAnimation(extension, frames, 12);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_EQ(SniffFormat(*bytes), format);
    EXPECT_EQ(DecodeImage(*bytes)->width, 2);
  }
  EXPECT_FALSE(IsAnimationExtension("png"));
  EXPECT_FALSE(EncodeAnimation("gif", frames, 60).ok());
}

}  // namespace
}  // namespace phosphene::client
