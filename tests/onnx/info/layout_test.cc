#include "server/engine/onnx/info/layout.h"

#include <gtest/gtest.h>

#include "server/engine/tensor/torch_pch.h"
#include "tests/onnx/net_builder.h"

namespace phosphene {
namespace {

// A patch embedding as vision transformers have it: tokens [N,T,C] of a
// convolution, a linear layer over features, and tokens first [T,N,C].
NetBuilder Tokens() {
  NetBuilder net;
  net.Conv("image", "patches", 3, 6, 3, 2);
  net.Weight("shape",
             at::tensor({int64_t{0}, int64_t{6}, int64_t{-1}}, at::kLong));
  net.Node("Reshape", {"patches", "shape"}, "flat");
  net.Node("Transpose", {"flat"}, "tokens").Values("perm", {0, 2, 1});
  net.Weight("scale", at::ones({6}))
      .Node("LayerNormalization", {"tokens", "scale"}, "normal");
  net.Weight("w", RandomTensor({6, 10}, 4, -1, 1))
      .Node("MatMul", {"normal", "w"}, "wide");
  net.Node("Transpose", {"wide"}, "sequence").Values("perm", {1, 0, 2});
  net.Output("sequence");
  return net;
}

TEST(LayoutTest, TokensComeAsChannelsAndPlaces) {
  const NetBuilder net = Tokens();
  const auto info = net.Open();
  EXPECT_EQ(info->Channels("tokens"), 6);
  EXPECT_EQ(info->Channels("wide"), 10);
  EXPECT_EQ(info->Channels("sequence"), 10);
  const auto out =
      net.Compile({"patches", "flat", "tokens", "wide", "sequence"})
          ->Forward(RandomTensor({2, 3, 16, 16}, 1));
  const at::Tensor patches = out.at("patches");
  ASSERT_EQ(patches.sizes().vec(), (std::vector<int64_t>{2, 6, 8, 8}));
  EXPECT_TRUE(at::equal(out.at("flat"), patches));
  EXPECT_TRUE(at::equal(out.at("tokens"), patches));
  EXPECT_EQ(out.at("wide").sizes().vec(), (std::vector<int64_t>{2, 10, 8, 8}));
  EXPECT_TRUE(at::equal(out.at("sequence"), out.at("wide")));
}

// Tokens that are no square stand in a column.
TEST(LayoutTest, OddNumbersOfTokensAreAColumn) {
  const auto out =
      Tokens().Compile({"tokens"})->Forward(RandomTensor({1, 3, 16, 10}, 1));
  EXPECT_EQ(out.at("tokens").sizes().vec(),
            (std::vector<int64_t>{1, 6, 40, 1}));
}

TEST(LayoutTest, PicturesWithChannelsLastComeChannelsFirst) {
  NetBuilder net;
  net.Conv("image", "c", 3, 6, 3);
  net.Node("Transpose", {"c"}, "last").Values("perm", {0, 2, 3, 1});
  net.Weight("w", RandomTensor({6, 5}, 4, -1, 1))
      .Node("MatMul", {"last", "w"}, "m")
      .Output("m");
  EXPECT_EQ(net.Open()->Channels("m"), 5);
  const auto out =
      net.Compile({"c", "last", "m"})->Forward(RandomTensor({2, 3, 7, 9}, 1));
  EXPECT_TRUE(at::equal(out.at("last"), out.at("c")));
  EXPECT_EQ(out.at("m").sizes().vec(), (std::vector<int64_t>{2, 5, 7, 9}));
}

// A convolution that does its ReLU too leaves no value of its own behind, and
// the image is nobody's output: what follows them has channels first all the
// same.
TEST(LayoutTest, ActivationsAndCastsKeepTheirInputsChannels) {
  NetBuilder net;
  net.Node("Cast", {"image"}, "half").Int("to", 10);
  net.Conv("half", "c", 3, 6, 3, 2).Relu("c", "r");
  net.Weight("shape",
             at::tensor({int64_t{0}, int64_t{6}, int64_t{-1}}, at::kLong));
  net.Node("Reshape", {"r", "shape"}, "flat");
  net.Node("Transpose", {"flat"}, "tokens")
      .Values("perm", {0, 2, 1})
      .Output("tokens");
  const at::Tensor image = RandomTensor({2, 3, 16, 16}, 1);
  const auto out = net.Compile({"half", "c", "r", "tokens"})->Forward(image);
  EXPECT_TRUE(at::equal(out.at("half"), image));
  EXPECT_TRUE(at::equal(out.at("r"), out.at("c").relu()));
  EXPECT_TRUE(at::equal(out.at("tokens"), out.at("r")));
}

// Windows multiply the batch axis, as in Swin: [N*k,C] becomes [N,C,k,1].
TEST(LayoutTest, WindowsAreGatheredToTheirRow) {
  const at::Tensor value = RandomTensor({6, 4, 5}, 2);
  const at::Tensor out = onnx::ChannelsFirst(value, {0, 2}, 2);
  ASSERT_EQ(out.sizes().vec(), (std::vector<int64_t>{2, 5, 12, 1}));
  EXPECT_EQ(out[1][3][5][0].item<float>(), value[4][1][3].item<float>());
  EXPECT_THROW(onnx::ChannelsFirst(value, {0, 2}, 4), c10::Error);
}

// A file written for one image holds its batch in a Reshape.
TEST(LayoutTest, FilesForOneImageSeeRowsOneAtATime) {
  NetBuilder net(17, {1, 3, 8, 8});
  net.Conv("image", "c", 3, 4, 3);
  net.Weight("shape",
             at::tensor({int64_t{1}, int64_t{4}, int64_t{64}}, at::kLong));
  net.Node("Reshape", {"c", "shape"}, "flat").Output("flat");
  const auto info = net.Open();
  EXPECT_EQ(info->input_height(), 8);
  const at::Tensor image = RandomTensor({3, 3, 8, 8}, 1);
  const auto network = net.Compile({"flat"});
  const at::Tensor batch = network->Forward(image).at("flat");
  ASSERT_EQ(batch.sizes().vec(), (std::vector<int64_t>{3, 4, 8, 8}));
  EXPECT_TRUE(at::equal(batch.narrow(0, 1, 1),
                        network->Forward(image.narrow(0, 1, 1)).at("flat")));
}

}  // namespace
}  // namespace phosphene
