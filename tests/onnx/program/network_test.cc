#include "server/engine/onnx/program/network.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/tensor/torch_pch.h"
#include "tests/onnx/net_builder.h"

namespace phosphene {
namespace {

using testing::Contains;
using testing::HasSubstr;

double MaxDifference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

// Gradient of sum(values of a layer * fixed noise) with respect to the image.
at::Tensor InputGradient(Network* network, const std::string& layer,
                         const at::Tensor& image) {
  const at::Tensor x = image.detach().clone().requires_grad_(true);
  const at::Tensor y = network->Forward(x).at(layer);
  const at::Tensor seed =
      RandomTensor(y.sizes().vec(), 5, -1, 1).to(y.scalar_type());
  return torch::autograd::grad({y}, {x}, {seed})[0];
}

TEST(NetworkTest, PrunedGivesWhatTheWholeGives) {
  const NetBuilder net = SmallGoogLeNet();
  const at::Tensor image = RandomTensor({2, 3, 61, 75}, 3);
  const auto whole =
      net.Compile({"inception_4c/output", "prob"})->Forward(image);
  const auto pruned = net.Compile({"inception_4c/output"})->Forward(image);
  EXPECT_EQ(pruned.size(), 1u);
  EXPECT_EQ(MaxDifference(whole.at("inception_4c/output"),
                          pruned.at("inception_4c/output")),
            0);
}

// Asking for every value leaves nothing fused, folded or joined.
TEST(NetworkTest, FusedGivesWhatUnfusedGives) {
  const NetBuilder net = SmallGoogLeNet();
  const auto info = net.Open();
  std::vector<std::string> all;
  for (const v1::Layer& layer : info->layers()) all.push_back(layer.name());
  const auto unfused = net.Compile(all);
  const auto fused = net.Compile({"inception_5b/output", "prob"});
  const at::Tensor image = RandomTensor({2, 3, 64, 48}, 3);
  for (const char* layer : {"inception_5b/output", "prob"}) {
    EXPECT_LT(MaxDifference(unfused->Forward(image).at(layer),
                            fused->Forward(image).at(layer)),
              1e-5);
    EXPECT_LT(MaxDifference(InputGradient(unfused.get(), layer, image),
                            InputGradient(fused.get(), layer, image)),
              1e-4);
  }
}

TEST(NetworkTest, ValueBeforeReluIsNotOverwritten) {
  const NetBuilder net = SmallGoogLeNet();
  const auto out = net.Compile({"conv2/3x3", "conv2/relu_3x3"})
                       ->Forward(RandomTensor({1, 3, 40, 40}, 3, -2, 2));
  EXPECT_LT(out.at("conv2/3x3").min().item<float>(), 0);
  EXPECT_EQ(MaxDifference(out.at("conv2/3x3").relu(), out.at("conv2/relu_3x3")),
            0);
}

// Exporters write GELU as five operators; whole or in parts it is the same.
TEST(NetworkTest, AGeluInFiveOperatorsIsTheGelu) {
  NetBuilder net;
  net.Weight("root", at::full({}, std::sqrt(2.0f)))
      .Weight("one", at::ones({}))
      .Weight("half", at::full({}, 0.5f));
  net.Node("Mul", {"image", "root"}, "x").Node("Div", {"x", "root"}, "scaled");
  net.Node("Erf", {"scaled"}, "erf").Node("Add", {"erf", "one"}, "sum");
  net.Node("Mul", {"x", "sum"}, "product")
      .Node("Mul", {"product", "half"}, "y")
      .Output("y");
  const at::Tensor image = RandomTensor({2, 3, 4, 5}, 3, -2, 2);
  const auto value_and_gradient =
      [&](const std::function<at::Tensor(const at::Tensor&)>& fn) {
        const at::Tensor x = image.clone().requires_grad_(true);
        const at::Tensor y = fn(x);
        return std::make_pair(y.detach(),
                              torch::autograd::grad({y.pow(2).sum()}, {x})[0]);
      };
  const auto expected = value_and_gradient(
      [](const at::Tensor& x) { return at::gelu(x * std::sqrt(2.0f)); });
  for (const std::vector<std::string>& layers :
       {std::vector<std::string>{"y"}, {"erf", "y"}, {"product", "y"}}) {
    const auto network = net.Compile(layers);
    const auto ours = value_and_gradient(
        [&](const at::Tensor& x) { return network->Forward(x).at("y"); });
    EXPECT_LT(MaxDifference(ours.first, expected.first), 1e-5);
    EXPECT_LT(MaxDifference(ours.second, expected.second), 1e-4);
  }
}

TEST(NetworkTest, RowsOfABatchDoNotInfluenceEachOther) {
  const NetBuilder net = SmallGoogLeNet();
  const auto network = net.Compile({"inception_4a/output"});
  const at::Tensor image = RandomTensor({3, 3, 48, 48}, 7);
  at::Tensor other = image.clone();
  other.narrow(0, 1, 1).fill_(0.5);
  const at::Tensor a = network->Forward(image).at("inception_4a/output");
  const at::Tensor b = network->Forward(other).at("inception_4a/output");
  EXPECT_EQ(MaxDifference(a[0], b[0]), 0);
  EXPECT_EQ(MaxDifference(a[2], b[2]), 0);
  EXPECT_GT(MaxDifference(a[1], b[1]), 0);
}

TEST(NetworkTest, Bf16StaysNearF32) {
  const NetBuilder net = SmallGoogLeNet();
  CompileOptions options;
  options.dtype = at::kBFloat16;
  const at::Tensor image = RandomTensor({1, 3, 64, 64}, 7);
  const at::Tensor half = net.Compile({"inception_4c/output"}, options)
                              ->Forward(image)
                              .at("inception_4c/output");
  const at::Tensor full = net.Compile({"inception_4c/output"})
                              ->Forward(image)
                              .at("inception_4c/output");
  EXPECT_EQ(half.scalar_type(), at::kBFloat16);
  EXPECT_LT((half.to(at::kFloat) - full).norm().item<float>(),
            0.03 * full.norm().item<float>());
  const at::Tensor g =
      InputGradient(net.Compile({"inception_4c/output"}, options).get(),
                    "inception_4c/output", image);
  EXPECT_EQ(g.scalar_type(), at::kFloat);
  EXPECT_GT(g.abs().max().item<float>(), 0);
}

TEST(NetworkTest, NormalisationFollowsTheConfig) {
  NetBuilder net;
  net.Node("Identity", {"image"}, "a").Relu("a", "b").Output("b");
  ModelFile file;
  const std::string bytes = net.Bytes();
  file.onnx = bytes;
  file.config.set_range_lo(-10);
  file.config.set_range_hi(245);
  for (double mean : {1, 2, 3}) file.config.add_mean(mean);
  file.config.add_std(0.5);
  file.config.set_channel_order(v1::ModelConfig::BGR);
  auto info = OpenNetwork(file, nullptr);
  ASSERT_TRUE(info.ok()) << info.status();
  const auto network = *CompileNetwork(*info, {"a"}, {});
  const at::Tensor image = RandomTensor({2, 3, 4, 5}, 1);
  const at::Tensor expected = (image.flip(1) * 255 - 10 -
                               at::tensor({1.f, 2.f, 3.f}).view({1, 3, 1, 1})) /
                              0.5;
  EXPECT_LT(MaxDifference(network->Forward(image).at("a"), expected), 1e-3);
  const at::Tensor g = InputGradient(network.get(), "a", image);
  const at::Tensor seed = RandomTensor({2, 3, 4, 5}, 5, -1, 1);
  EXPECT_LT(MaxDifference(g, seed.flip(1) * 510), 1e-3);
}

TEST(NetworkTest, UnknownLayerIsAnsweredWithTheNearest) {
  const auto info = SmallGoogLeNet().Open();
  const auto status = info->Resolve("inception_4z/output").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("no layer \"inception_4z/output\" in model net; "
                        "nearest \"inception_4"));
}

TEST(NetworkTest, LucidNamesLeadToCaffeLayers) {
  const auto info = SmallGoogLeNet().Open();
  EXPECT_EQ(*info->Resolve("conv2d2"), "conv2/relu_3x3");
  EXPECT_EQ(*info->Resolve("mixed4c"), "inception_4c/output");
  EXPECT_EQ(*info->Resolve("mixed4b_3x3_pre_relu"), "inception_4b/3x3");
  EXPECT_EQ(*info->Resolve("mixed4d_3x3_bottleneck_pre_relu"),
            "inception_4d/3x3_reduce");
  EXPECT_EQ(*info->Resolve("mixed5a_pool_reduce"),
            "inception_5a/relu_pool_proj");
}

TEST(NetworkTest, PreReluModuleIsTheConcatBeforeItsRelus) {
  const NetBuilder net = SmallGoogLeNet();
  const auto info = net.Open();
  const std::string before = *info->Resolve("mixed4a_pre_relu");
  const auto out = net.Compile({before, "inception_4a/output"})
                       ->Forward(RandomTensor({1, 3, 48, 48}, 2));
  EXPECT_LT(out.at(before).min().item<float>(), 0);
  EXPECT_EQ(MaxDifference(out.at(before).relu(), out.at("inception_4a/output")),
            0);
}

TEST(NetworkTest, LayersTellChannelsStrideAndField) {
  const auto info = SmallGoogLeNet().Open();
  EXPECT_EQ(info->Channels("inception_4c/output"), 16);
  EXPECT_EQ(info->Channels("fc"), 10);
  EXPECT_EQ(info->Logits(), "fc");
  EXPECT_EQ(info->input_channels(), 3);
  EXPECT_EQ(info->input_height(), 0);
  for (const v1::Layer& layer : info->layers()) {
    if (layer.name() == "conv1/7x7_s2") {
      EXPECT_EQ(layer.stride(), 2);
      EXPECT_EQ(layer.receptive_field(), 7);
      EXPECT_NEAR(layer.gflops(), 2e-9 * 8 * 3 * 49 * 112 * 112, 1e-6);
    }
    if (layer.name() == "inception_3a/output") {
      EXPECT_EQ(layer.stride(), 8);
      // 7 -> +2*2 (pool1) -> +2*4 (3x3) -> +2*4 (pool2) -> +4*8 (5x5)
      EXPECT_EQ(layer.receptive_field(), 7 + 4 + 8 + 8 + 32);
    }
  }
}

TEST(NetworkTest, OperatorsAreNamed) {
  EXPECT_THAT(OnnxOpNames(), Contains("Conv-22"));
}

}  // namespace
}  // namespace phosphene
