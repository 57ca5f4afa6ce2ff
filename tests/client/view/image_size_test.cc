#include "client/view/image_size.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "client/view/pixels.h"
#include "server/imaging/encode.h"
#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

std::string Bytes(std::initializer_list<int> values) {
  std::string out;
  for (int value : values) out += static_cast<char>(value);
  return out;
}

// SOI, optionally an APP1 with an orientation, SOF0 of 300 x 200, padding.
std::string Jpeg(int orientation) {
  std::string out = Bytes({0xff, 0xd8});
  if (orientation > 0) {
    const std::string tiff =
        Bytes({'I', 'I', 42, 0, 8, 0,           0, 0, 1, 0, 0x12, 1, 3,
               0,   1,   0,  0, 0, orientation, 0, 0, 0, 0, 0,    0, 0});
    const std::string body = std::string("Exif\0\0", 6) + tiff;
    out += Bytes({0xff, 0xe1, 0, static_cast<int>(body.size()) + 2}) + body;
  }
  return out + Bytes({0xff, 0xc0, 0, 17, 8, 0, 200, 1, 44, 3}) +
         std::string(20, '\0');
}

TEST(ImageSize, IsReadFromTheHeader) {
  EXPECT_EQ(ImageSize(PngOf(Pixels::Make(31, 17, 3)))->width, 31);
  EXPECT_EQ(ImageSize(PngOf(Pixels::Make(31, 17, 3)))->height, 17);
  EXPECT_EQ(ImageSize(Jpeg(0))->width, 300);
  EXPECT_EQ(ImageSize(Jpeg(0))->height, 200);
}

TEST(ImageSize, ATurnedPhotoIsMeasuredAsShown) {
  EXPECT_EQ(ImageSize(Jpeg(1))->width, 300);
  EXPECT_EQ(ImageSize(Jpeg(6))->width, 200);
  EXPECT_EQ(ImageSize(Jpeg(6))->height, 300);
}

TEST(ImageSize, WebpOfAllKindsAlsoByItsHeadAlone) {
  const Image8 flat{96, 50, 4, std::vector<uint8_t>(96 * 50 * 4, 200)};
  for (const std::string& whole :
       {EncodeWebp(flat).value(), EncodeWebp(flat, {.lossless = true}).value(),
        EncodeAnimatedWebp({flat, flat}).value()}) {
    for (const size_t bytes : {whole.size(), size_t{64}}) {
      const auto size = ImageSize(whole.substr(0, bytes));
      ASSERT_TRUE(size.ok()) << size.status() << " of " << bytes << " bytes";
      EXPECT_EQ(size->width, 96);
      EXPECT_EQ(size->height, 50);
    }
  }
}

TEST(ImageSize, EveryPrefixOfAnImageIsSafe) {
  for (const std::string& whole : {Jpeg(6), PngOf(Pixels::Make(3, 3, 3))}) {
    for (size_t n = 0; n < whole.size(); ++n)
      (void)ImageSize(whole.substr(0, n));
  }
  EXPECT_FALSE(ImageSize(Jpeg(6).substr(0, 30)).ok());
}

TEST(ImageSize, AFrameBehindALongCommentIsFound) {
  const TempFolder folder;
  const Image8 flat{12, 7, 3, std::vector<uint8_t>(12 * 7 * 3, 90)};
  GifOptions options;
  options.comment = std::string(2 << 20, 'x');
  Put(folder / "long.gif", *EncodeGif({flat}, options));
  const auto size = ImageFileSize(folder / "long.gif");
  ASSERT_TRUE(size.ok()) << size.status();
  EXPECT_EQ(size->width, 12);
  EXPECT_EQ(size->height, 7);
}

TEST(ImageSize, AFileIsNamedInErrors) {
  const TempFolder folder;
  EXPECT_EQ(ImageFileSize(folder / "none.png").status().code(),
            absl::StatusCode::kNotFound);
  Put(folder / "text.png", "hello");
  EXPECT_NE(
      ImageFileSize(folder / "text.png").status().message().find("text.png"),
      absl::string_view::npos);
}

}  // namespace
}  // namespace phosphene::client
