#include "client/commands/canvas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/base/files.h"
#include "client/view/pixels.h"
#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

class SizeOfPhotoTest : public testing::Test {
 protected:
  std::string Photo(int width, int height) {
    const std::string path = folder_ / "photo.png";
    EXPECT_TRUE(
        WriteFileAtomically(path, PngOf(Pixels::Make(width, height, 3))).ok());
    return path;
  }
  std::string SizeOf(const std::string& photo, std::string size = "") {
    EXPECT_TRUE(SizeOfPhoto("--image", photo, 320, &size).ok());
    return size;
  }
  TempFolder folder_;
};

TEST_F(SizeOfPhotoTest, KeepsTheShape) {
  EXPECT_EQ(SizeOf(Photo(640, 480)), "320x240");
  EXPECT_EQ(SizeOf(Photo(480, 640)), "240x320");
}

TEST_F(SizeOfPhotoTest, NeverEnlarges) {
  EXPECT_EQ(SizeOf(Photo(97, 61)), "97x61");
}

TEST_F(SizeOfPhotoTest, ALineStaysAPixelHigh) {
  EXPECT_EQ(SizeOf(Photo(3000, 2)), "320x1");
}

TEST_F(SizeOfPhotoTest, WhatIsSaidStays) {
  EXPECT_EQ(SizeOf(Photo(640, 480), "64"), "64");
  EXPECT_EQ(SizeOf(""), "");
  EXPECT_EQ(SizeOf("blobs/12"), "");
}

TEST_F(SizeOfPhotoTest, NamesTheFlagOfAFileThatIsNoImage) {
  std::string size;
  EXPECT_THAT(
      std::string(SizeOfPhoto("--image", "/nowhere", 320, &size).message()),
      testing::HasSubstr("--image"));
}

}  // namespace
}  // namespace phosphene::client
