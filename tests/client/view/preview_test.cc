#include "client/view/preview.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace phosphene::client {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

PictureProtocol Detect(const std::map<std::string, std::string>& variables) {
  return DetectProtocol([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Preview, TheTerminalIsKnownByItsEnvironment) {
  EXPECT_EQ(Detect({}), PictureProtocol::kBlocks);
  EXPECT_EQ(Detect({{"TERM", "xterm-kitty"}}), PictureProtocol::kKitty);
  EXPECT_EQ(Detect({{"TERM_PROGRAM", "iTerm.app"}}), PictureProtocol::kIterm);
  EXPECT_EQ(Detect({{"TERM", "foot"}}), PictureProtocol::kSixel);
  EXPECT_EQ(Detect({{"TERM", "xterm-kitty"}, {"TMUX", "1"}}),
            PictureProtocol::kBlocks);
  EXPECT_EQ(Detect({{"TMUX", "1"}, {"PHOSPHENE_PREVIEW", "sixel"}}),
            PictureProtocol::kSixel);
}

Pixels Red() {
  Pixels out = Pixels::Make(40, 20, 3);
  for (size_t i = 0; i < out.pixels.size(); i += 3) out.pixels[i] = 255;
  return out;
}

TEST(Preview, EachProtocolFramesThePicture) {
  EXPECT_THAT(Picture(PictureProtocol::kKitty, Red(), 8, 2),
              StartsWith("\x1b_Ga=T,f=24,i=1"));
  EXPECT_THAT(Picture(PictureProtocol::kKitty, Red(), 8, 2),
              EndsWith("\x1b\\"));
  EXPECT_THAT(Picture(PictureProtocol::kIterm, Red(), 8, 2),
              StartsWith("\x1b]1337;File=inline=1;width=8;height=2"));
  EXPECT_THAT(Picture(PictureProtocol::kIterm, Red(), 8, 2), EndsWith("\a"));
  EXPECT_THAT(Picture(PictureProtocol::kSixel, Red(), 8, 2),
              StartsWith("\x1bPq#0;2;0;0;0"));
  // Pure red is colour 180 of the cube, a full band one long run.
  EXPECT_THAT(Picture(PictureProtocol::kSixel, Red(), 8, 2),
              HasSubstr("#180!80~"));
  EXPECT_THAT(Picture(PictureProtocol::kBlocks, Red(), 2, 1),
              StartsWith("\x1b[38;2;255;0;0m\x1b[48;2;255;0;0m\u2580"));
}

TEST(Preview, DrawingAgainGoesBackOverThePicture) {
  const std::string first =
      PictureBlock(PictureProtocol::kBlocks, Red(), 4, 3, false);
  const std::string again =
      PictureBlock(PictureProtocol::kBlocks, Red(), 4, 3, true);
  EXPECT_THAT(first, StartsWith("\r\n\n\n\x1b[3A"));
  EXPECT_THAT(again, StartsWith("\r\x1b[3A"));
  EXPECT_THAT(again, EndsWith("\x1b[3B"));
}

TEST(Preview, PicturesKeepTheirShapeInCells) {
  EXPECT_EQ(FitCells(100, 100, 80, 24), std::make_pair(48, 24));
  EXPECT_EQ(FitCells(400, 100, 80, 24), std::make_pair(80, 10));
  EXPECT_EQ(FitCells(1, 10000, 80, 24), std::make_pair(1, 24));
}

}  // namespace
}  // namespace phosphene::client
