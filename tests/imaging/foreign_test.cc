#include "server/imaging/foreign.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/imaging/decode.h"

namespace phosphene {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(LooksLike, NamesTheFormatAndACommand) {
  const struct {
    std::string bytes;
    const char *name, *command;
  } kFiles[] = {
      {std::string("\0\0\0\x18"
                   "ftypheic\0\0\0\0",
                   16),
       "HEIC", "magick"},
      {std::string("\0\0\0\x18"
                   "ftypmif1\0\0\0\0",
                   16),
       "HEIC", "magick"},
      {std::string("\0\0\0\x1C"
                   "ftypavif\0\0\0\0",
                   16),
       "AVIF", "magick"},
      {std::string("\0\0\0\x18"
                   "ftypisom\0\0\0\0",
                   16),
       "video", "ffmpeg"},
      {std::string("\0\0\0\x14"
                   "ftypqt  \0\0\0\0",
                   16),
       "QuickTime", "ffmpeg"},
      {std::string("\0\0\0\x18"
                   "ftypcrx \0\0\0\0",
                   16),
       "raw photo", "magick"},
      {std::string("\xFF\x0A\x01\x02", 4), "JPEG XL", "djxl"},
      {std::string("\0\0\0\x0CJXL \r\n\x87\n", 12), "JPEG XL", "djxl"},
      {std::string("\0\0\0\x0CjP  \r\n\x87\n", 12), "JPEG 2000", "magick"},
      {"8BPS" + std::string(20, '\0'), "Photoshop", "'in.psd[0]'"},
      {"<?xml version='1.0'?>\n<svg xmlns='x'/>", "SVG", "rsvg-convert"},
      {"%PDF-1.7\n", "PDF", "pdftoppm"},
      {"\x76\x2F\x31\x01\x02", "OpenEXR", "magick"},
      {"\x1A\x45\xDF\xA3\x01", "video", "ffmpeg"},
      {"RIFF\1\1\1\1AVI LIST", "video", "ffmpeg"},
      {"P6\n4 4\n255\n", "Netpbm", "magick"},
      {"version https://git-lfs.github.com/spec/v1\n", "Git LFS",
       "git lfs pull"},
  };
  for (const auto& file : kFiles) {
    EXPECT_THAT(LooksLike(file.bytes),
                AllOf(HasSubstr(file.name), HasSubstr(file.command)));
    // The reader tells it too, with what is allowed.
    EXPECT_THAT(std::string(DecodeImage(file.bytes).status().message()),
                AllOf(HasSubstr(file.name), HasSubstr("WebP, TIFF, GIF")));
  }
}

TEST(LooksLike, TellsTextAndPagesOfTheWeb) {
  EXPECT_EQ(LooksLike("solid ascii"), "it looks like text");
  EXPECT_THAT(LooksLike("<!DOCTYPE html><html>404"), HasSubstr("page"));
}

TEST(LooksLike, SaysNothingOfWhatItDoesNotKnow) {
  EXPECT_EQ(LooksLike(""), "");
  EXPECT_EQ(LooksLike(std::string("\x01\x02\0\x03", 4)), "");
  EXPECT_THAT(
      std::string(
          DecodeImage(std::string("\x01\x02\0\x03", 4)).status().message()),
      HasSubstr("no known format; allowed PNG, JPEG, WebP, TIFF, GIF or BMP"));
}

}  // namespace
}  // namespace phosphene
