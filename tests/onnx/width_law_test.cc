// The law of width: values and gradients of networks have the same bits on one
// thread and on many.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/engine/onnx/ops/shared/thread_trust.h"
#include "server/engine/tensor/width.h"
#include "tests/onnx/net_builder.h"

namespace phosphene {
namespace {

struct Case {
  std::string name;
  NetBuilder net;
  std::vector<int64_t> sizes;  // of the images
};

// A stem, then the form in question.
NetBuilder Stem(int64_t channels) {
  NetBuilder net;
  net.Conv("image", "stem", 3, channels, 3).Relu("stem", "x");
  return net;
}

NetBuilder Grouped(int64_t channels, int64_t group, int64_t stride) {
  NetBuilder net = Stem(channels);
  net.Weight("w",
             RandomTensor({channels, channels / group, 3, 3}, 5, -0.3, 0.3))
      .Node("Conv", {"x", "w"}, "y")
      .Int("group", group)
      .Values("strides", {stride, stride})
      .Values("pads", {1, 1, 1, 1});
  return net;
}

NetBuilder Dilated() {
  NetBuilder net = Stem(24);
  net.Weight("w", RandomTensor({40, 24, 3, 3}, 5, -0.1, 0.1))
      .Node("Conv", {"x", "w"}, "y")
      .Values("dilations", {2, 2})
      .Values("pads", {2, 2, 2, 2});
  return net;
}

// Rows of a product by a constant matrix, and two matrices that are computed.
NetBuilder Products() {
  NetBuilder net(17, {0, 3, 0, 0});
  net.Weight("w", RandomTensor({64, 320}, 5, -0.3, 0.3))
      .Node("MatMul", {"image", "w"}, "a")
      .Weight("v", RandomTensor({320, 64}, 6, -0.3, 0.3))
      .Node("MatMul", {"a", "v"}, "b")
      .Node("MatMul", {"b", "image"}, "y");
  return net;
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  cases.push_back(
      {"three_by_three", Stem(64).Conv("x", "y", 64, 96, 3), {1, 3, 57, 49}});
  // oneDNN cuts the sum of one pixel by threads.
  cases.push_back(
      {"one_by_one_wide",
       Stem(64).Conv("x", "m", 64, 512, 1).Conv("m", "y", 512, 176, 1),
       {1, 3, 28, 28}});
  cases.push_back(
      {"one_by_one_small_picture",
       Stem(64).Conv("x", "m", 64, 832, 1).Conv("m", "y", 832, 128, 1),
       {1, 3, 7, 7}});
  cases.push_back(
      {"strided", Stem(32).Conv("x", "y", 32, 64, 3, 2), {1, 3, 45, 51}});
  cases.push_back({"strided_one_by_one",
                   Stem(256).Conv("x", "y", 256, 64, 1, 2),
                   {1, 3, 28, 28}});
  NetBuilder first;
  first.Conv("image", "m", 3, 64, 7, 2).Relu("m", "y");
  cases.push_back({"first_layer", first, {1, 3, 96, 80}});
  cases.push_back({"groups", Grouped(64, 4, 1), {1, 3, 33, 40}});
  cases.push_back({"depthwise", Grouped(48, 48, 1), {1, 3, 56, 56}});
  cases.push_back({"depthwise_strided", Grouped(48, 48, 2), {1, 3, 56, 56}});
  cases.push_back({"dilated", Dilated(), {1, 3, 40, 40}});
  cases.push_back({"products", Products(), {1, 3, 64, 64}});
  for (Case& each : cases) each.net.Output("y");
  NetBuilder whole = SmallGoogLeNet();
  cases.push_back({"googlenet", whole, {1, 3, 96, 96}});
  return cases;
}

std::string LayerOf(const Case& of) {
  return of.name == "googlenet" ? "inception_4a/output" : "y";
}

class WidthOfANetwork
    : public testing::TestWithParam<std::tuple<size_t, at::ScalarType>> {};

TEST_P(WidthOfANetwork, MakesNoDifferenceToBits) {
  const Case test = Cases()[std::get<0>(GetParam())];
  CompileOptions options;
  options.dtype = std::get<1>(GetParam());
  const std::string layer = LayerOf(test);
  const auto network = test.net.Compile({layer}, options);
  for (const int64_t rows : {1, 3}) {
    std::vector<int64_t> sizes = test.sizes;
    sizes[0] = rows;
    const at::Tensor images = RandomTensor(sizes, 3);
    at::Tensor value, gradient;
    for (const int threads : {1, 2, 3, 1}) {
      const LaneWidth lane(threads);
      const at::Tensor x = images.clone().requires_grad_(true);
      const at::Tensor y = network->Forward(x).at(layer);
      y.to(at::kFloat).square().mean().backward();
      if (!value.defined()) {
        value = y.detach();
        gradient = x.grad();
        ASSERT_GT(gradient.abs().max().item<float>(), 0);
      }
      EXPECT_TRUE(onnx::SameBits(value, y.detach()))
          << rows << " rows on " << threads;
      EXPECT_TRUE(onnx::SameBits(gradient, x.grad()))
          << rows << " rows on " << threads;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, WidthOfANetwork,
    testing::Combine(testing::Range<size_t>(0, Cases().size()),
                     testing::Values(at::kFloat, at::kBFloat16)),
    [](const auto& info) {
      return Cases()[std::get<0>(info.param)].name +
             (std::get<1>(info.param) == at::kFloat ? "_f32" : "_bf16");
    });

}  // namespace
}  // namespace phosphene
