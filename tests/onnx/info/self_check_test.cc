#include "server/engine/onnx/info/self_check.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/tensor/torch_pch.h"
#include "tests/onnx/net_builder.h"

namespace phosphene {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::vector<std::string> Warnings(const NetBuilder& net) {
  auto warnings = onnx::SelfCheck(net.Open());
  EXPECT_TRUE(warnings.ok()) << warnings.status();
  return *std::move(warnings);
}

// A convolution of differences, a bias, a ReLU.
NetBuilder EdgeNet(double bias) {
  NetBuilder net;
  net.Weight("w", RandomTensor({8, 3, 3, 3}, 1, -1, 1) - 0.0);
  net.Weight("b", at::full({8}, bias));
  net.Node("Conv", {"image", "w", "b"}, "c").Relu("c", "r").Output("r");
  return net;
}

TEST(SelfCheckTest, ABiasThatDrownsThePictureIsARangeTooSmall) {
  EXPECT_THAT(Warnings(EdgeNet(100)),
              Contains(HasSubstr("hardly tells a picture from plain grey")));
}

TEST(SelfCheckTest, DeadLayersAreNamed) {
  EXPECT_THAT(Warnings(EdgeNet(-1000)), Contains(HasSubstr("\"r\" first")));
}

TEST(SelfCheckTest, VariancesFarFromTrainingAreSaid) {
  NetBuilder net;
  net.Conv("image", "c", 3, 4, 3);
  net.Weight("s", at::ones({4}))
      .Weight("m", at::zeros({4}))
      .Weight("v", at::full({4}, 1e6f));
  net.Node("BatchNormalization", {"c", "s", "m", "m", "v"}, "n")
      .Relu("n", "r")
      .Output("r");
  EXPECT_THAT(Warnings(net), Contains(HasSubstr("too small")));
}

TEST(SelfCheckTest, ThePhotoLikePictureIsAlwaysTheSameAndFilled) {
  const at::Tensor picture = onnx::PhotoLikePicture(3, 40, 60);
  EXPECT_TRUE(at::equal(picture, onnx::PhotoLikePicture(3, 40, 60)));
  EXPECT_GE(picture.min().item<float>(), 0);
  EXPECT_LE(picture.max().item<float>(), 1);
  EXPECT_GT(picture.std().item<float>(), 0.1);
}

}  // namespace
}  // namespace phosphene
