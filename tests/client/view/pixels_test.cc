#include "client/view/pixels.h"

#include <gtest/gtest.h>
#include <jpeglib.h>

#include <cstdlib>

namespace phosphene::client {
namespace {

Pixels Gradient(int width, int height, int channels) {
  Pixels out = Pixels::Make(width, height, channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c)
        out.At(x, y)[c] = static_cast<uint8_t>(x * 3 + y * 5 + c);
    }
  }
  return out;
}

std::string EncodeJpeg(const Pixels& pixels) {
  jpeg_compress_struct info{};
  jpeg_error_mgr error{};
  info.err = jpeg_std_error(&error);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = static_cast<JDIMENSION>(pixels.width);
  info.image_height = static_cast<JDIMENSION>(pixels.height);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<JSAMPROW>(
        pixels.At(0, static_cast<int>(info.next_scanline)));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  std::string out(reinterpret_cast<char*>(buffer), size);
  jpeg_destroy_compress(&info);
  std::free(buffer);
  return out;
}

TEST(Pixels, PngComesBackAsItWent) {
  for (int channels : {3, 4}) {
    const Pixels pixels = Gradient(13, 7, channels);
    const auto back = DecodeImage(EncodePng(pixels));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->channels, channels);
    EXPECT_EQ(back->data, pixels.data);
  }
}

TEST(Pixels, JpegComesBackNearly) {
  const Pixels pixels = Gradient(16, 16, 3);
  const auto back = DecodeImage(EncodeJpeg(pixels));
  ASSERT_TRUE(back.ok()) << back.status();
  ASSERT_EQ(back->width, 16);
  for (size_t i = 0; i < pixels.data.size(); ++i) {
    EXPECT_NEAR(back->data[i], pixels.data[i], 12);
  }
}

TEST(Pixels, DamagedImagesAreErrors) {
  const std::string png = EncodePng(Gradient(8, 8, 3)),
                    jpeg = EncodeJpeg(Gradient(8, 8, 3));
  EXPECT_FALSE(DecodeImage("").ok());
  EXPECT_FALSE(DecodeImage("hello, world").ok());
  EXPECT_FALSE(DecodeImage(png.substr(0, 40)).ok());
  EXPECT_FALSE(DecodeImage(jpeg.substr(0, 20)).ok());
}

TEST(Pixels, ResizeKeepsTheMean) {
  Pixels pixels = Pixels::Make(4, 4, 3);
  for (int i = 0; i < 8; ++i) pixels.At(i % 4, i / 4)[0] = 200;
  const Pixels one = Resize(pixels, 1, 1);
  EXPECT_EQ(one.At(0, 0)[0], 100);
  const Pixels up = Resize(one, 3, 5);
  EXPECT_EQ(up.At(2, 4)[0], 100);
}

TEST(Pixels, TheBoardShowsThroughTransparency) {
  Pixels pixels = Pixels::Make(16, 1, 4);
  pixels.At(3, 0)[0] = 77;
  pixels.At(3, 0)[3] = 255;
  const Pixels over = OverBoard(pixels);
  EXPECT_EQ(over.At(3, 0)[0], 77);
  EXPECT_EQ(over.At(0, 0)[0], 242);
  EXPECT_EQ(over.At(8, 0)[0], 153);
}

TEST(Pixels, StackingNeedsEqualWidths) {
  const auto both = Stack({Gradient(4, 2, 3), Gradient(4, 3, 3)});
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(both->height, 5);
  EXPECT_FALSE(Stack({Gradient(4, 2, 3), Gradient(5, 2, 3)}).ok());
}

}  // namespace
}  // namespace phosphene::client
