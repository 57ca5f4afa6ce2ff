#include "server/engine/tensor/image_tensor.h"

#include <gtest/gtest.h>

namespace phosphene {
namespace {

TEST(ImageTensor, PixelsComeBackAsTheyWere) {
  Image8 image{3, 2, 4, {}};
  for (int i = 0; i < 24; ++i)
    image.pixels.push_back(static_cast<uint8_t>(i * 11));
  const at::Tensor tensor = ToTensor(image);
  EXPECT_EQ(tensor.sizes(), at::IntArrayRef({1, 4, 2, 3}));
  EXPECT_TRUE(tensor.is_contiguous());
  EXPECT_EQ(ToImages(tensor)[0].pixels, image.pixels);
}

TEST(ImageTensor, GreyIsSpreadOverColour) {
  const at::Tensor grey = ToTensor({1, 1, 1, {51}});
  EXPECT_EQ(grey.sizes(), at::IntArrayRef({1, 3, 1, 1}));
  EXPECT_FLOAT_EQ(grey[0][2][0][0].item<float>(), .2f);
  EXPECT_EQ(ToTensor({1, 1, 2, {51, 255}}).size(1), 4);
}

TEST(ImageTensor, ValuesAreRoundedAndClamped) {
  const at::Tensor batch = at::tensor({-1.f, .5f, 2.f}).view({1, 1, 1, 3});
  EXPECT_EQ(ToImages(batch)[0].pixels, (std::vector<uint8_t>{0, 128, 255}));
}

TEST(ImageTensor, EachRowIsAPicture) {
  const std::vector<Image8> images = ToImages(at::rand({3, 3, 4, 5}));
  ASSERT_EQ(images.size(), 3u);
  EXPECT_EQ(images[2].width, 5);
  EXPECT_EQ(images[2].height, 4);
}

TEST(ImageTensor, OddChannelCountsShowWhatTheyCan) {
  EXPECT_EQ(ToImages(at::rand({1, 1, 2, 2}))[0].channels, 1);
  const at::Tensor two = at::tensor({1.f, .2f}).view({1, 2, 1, 1});
  EXPECT_EQ(ToImages(two)[0].pixels, (std::vector<uint8_t>{255, 51, 255}));
  EXPECT_EQ(ToImages(at::rand({1, 9, 2, 2}))[0].channels, 3);
}

}  // namespace
}  // namespace phosphene
