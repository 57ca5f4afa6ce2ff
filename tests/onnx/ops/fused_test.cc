// Operators that join several are the chain of those they join.

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/file/loader.h"
#include "server/engine/onnx/program/program.h"
#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

Tensors ValuesOf(const NetBuilder& net, const Tensors& inputs) {
  const auto graph = LoadGraph(net.Bytes());
  EXPECT_TRUE(graph.ok()) << graph.status();
  WeightCache cache;
  OpOptions options;
  options.float_type = at::kFloat;
  const auto program =
      Program::Compile(*graph, {"image"}, graph->outputs, options, &cache);
  EXPECT_TRUE(program.ok()) << program.status();
  return (*program)->Run(inputs);
}

// Values "joined" and "apart" of a network are the same.
void ExpectSame(const NetBuilder& net, const at::Tensor& image) {
  const Tensors out = ValuesOf(net, {image});
  ASSERT_EQ(out.size(), 2u);
  ASSERT_EQ(out[0].sizes(), out[1].sizes());
  EXPECT_TRUE(at::allclose(out[0], out[1], 1e-4, 1e-5))
      << (out[0] - out[1]).abs().max();
}

const at::Tensor& Image() {
  static const auto* const kImage =
      new at::Tensor(RandomTensor({2, 3, 8, 9}, 1, -1, 1));
  return *kImage;
}

TEST(FusedTest, ConvolutionsAddASumAndActivate) {
  for (const char* activation : {"Relu", "Tanh", "Sigmoid"}) {
    for (const bool sum : {false, true}) {
      NetBuilder net(17, {0, 3, 0, 0});
      net.Weight("w", RandomTensor({4, 3, 3, 3}, 2, -1, 1));
      net.Weight("b", RandomTensor({4}, 3, -1, 1));
      net.Weight("z", RandomTensor({1, 4, 6, 7}, 4, -2, 2));
      std::vector<std::string> inputs = {"image", "w", "b"};
      if (sum) inputs.push_back("z");
      net.Node("com.microsoft::FusedConv", inputs, "joined")
          .Text("activation", activation)
          .Output("joined");
      net.Node("Conv", {"image", "w", "b"}, "c");
      if (sum) net.Node("Add", {"c", "z"}, "s");
      net.Node(activation, {sum ? "s" : "c"}, "apart").Output("apart");
      ExpectSame(net, Image());
    }
  }
}

TEST(FusedTest, UnknownActivationsAreNamed) {
  NetBuilder net(17, {0, 3, 0, 0});
  net.Weight("w", RandomTensor({4, 3, 3, 3}, 2));
  net.Node("com.microsoft::FusedConv", {"image", "w"}, "y")
      .Text("activation", "Frobnicate")
      .Output("y");
  const auto graph = LoadGraph(net.Bytes());
  ASSERT_TRUE(graph.ok());
  WeightCache cache;
  const auto program =
      Program::Compile(*graph, {"image"}, {"y"}, OpOptions(), &cache);
  ASSERT_FALSE(program.ok());
  EXPECT_NE(program.status().message().find("Frobnicate"), std::string::npos);
}

TEST(FusedTest, ProductsTurnAndScale) {
  NetBuilder net(17, {0, 3, 0, 0});
  net.Weight("w", RandomTensor({5, 8}, 2, -1, 1));
  net.Weight("alpha", at::full({}, 0.3f));
  net.Node("com.microsoft::FusedMatMul", {"image", "w"}, "joined")
      .Int("transA", 1)
      .Int("transB", 1)
      .Float("alpha", 0.3f)
      .Output("joined");
  net.Node("Transpose", {"image"}, "a").Values("perm", {0, 1, 3, 2});
  net.Node("Transpose", {"w"}, "b").Values("perm", {1, 0});
  net.Node("MatMul", {"a", "b"}, "p");
  net.Node("Mul", {"p", "alpha"}, "apart").Output("apart");
  ExpectSame(net, Image());
}

TEST(FusedTest, GelusAddTheirBias) {
  NetBuilder net(20, {0, 3, 0, 0});
  net.Weight("b", RandomTensor({9}, 2, -1, 1));
  net.Node("com.microsoft::BiasGelu", {"image", "b"}, "joined")
      .Output("joined");
  net.Node("Add", {"image", "b"}, "s");
  net.Node("Gelu", {"s"}, "apart").Output("apart");
  ExpectSame(net, Image());
  NetBuilder fast(20, {0, 3, 0, 0});
  fast.Weight("b", RandomTensor({9}, 2, -1, 1));
  fast.Node("com.microsoft::FastGelu", {"image", "b"}, "joined")
      .Output("joined");
  fast.Node("Add", {"image", "b"}, "s");
  fast.Node("Gelu", {"s"}, "apart").Text("approximate", "tanh").Output("apart");
  ExpectSame(fast, Image());
}

TEST(FusedTest, NormalizationsOfSumsAreThoseOfTheSum) {
  NetBuilder net(17, {0, 3, 0, 0});
  net.Weight("skip", RandomTensor({1, 3, 8, 9}, 2, -1, 1));
  net.Weight("scale", RandomTensor({9}, 3, 0.5, 2));
  net.Weight("shift", RandomTensor({9}, 4, -1, 1));
  net.Node("com.microsoft::SkipLayerNormalization",
           {"image", "skip", "scale", "shift"}, "joined")
      .Float("epsilon", 1e-5f)
      .Output("joined");
  net.Node("Add", {"image", "skip"}, "s");
  net.Node("LayerNormalization", {"s", "scale", "shift"}, "apart")
      .Output("apart");
  ExpectSame(net, Image());
}

// Weights that make queries, keys and values in one are three.
TEST(FusedTest, PackedAttentionIsAttentionOfItsParts) {
  NetBuilder net(23, {0, 5, 8});
  const at::Tensor w = RandomTensor({8, 24}, 2, -1, 1),
                   b = RandomTensor({24}, 3, -1, 1);
  net.Weight("w", w);
  net.Weight("b", b);
  net.Node("com.microsoft::Attention", {"image", "w", "b"}, "joined")
      .Int("num_heads", 2)
      .Output("joined");
  for (int64_t i = 0; i < 3; ++i) {
    net.Weight(absl::StrCat("w", i), w.narrow(1, 8 * i, 8));
    net.Weight(absl::StrCat("b", i), b.narrow(0, 8 * i, 8));
    net.Node("MatMul", {"image", absl::StrCat("w", i)}, absl::StrCat("p", i));
    net.Node("Add", {absl::StrCat("p", i), absl::StrCat("b", i)},
             absl::StrCat("q", i));
  }
  net.Node("Attention", {"q0", "q1", "q2"}, "apart")
      .Int("q_num_heads", 2)
      .Int("kv_num_heads", 2)
      .Output("apart");
  ExpectSame(net, RandomTensor({2, 5, 8}, 4, -1, 1));
}

// Turning queries and keys by their places leaves products of equal distances
// what they are: that is what rotary places are for.
TEST(FusedTest, RotatedProductsHangOnTheDistanceAlone) {
  std::vector<float> cosines, sines;
  for (int place = 0; place < 12; ++place) {
    for (double rate : {1.0, 0.3}) {
      cosines.push_back(static_cast<float>(std::cos(place * rate)));
      sines.push_back(static_cast<float>(std::sin(place * rate)));
    }
  }
  const auto turned = [&](int64_t place, uint64_t seed) {
    NetBuilder net(23, {0, 1, 1, 4});
    net.Weight("cos", at::tensor(cosines).view({12, 2}));
    net.Weight("sin", at::tensor(sines).view({12, 2}));
    net.Weight("places", at::full({1, 1}, place, at::kLong));
    net.Node("RotaryEmbedding", {"image", "cos", "sin", "places"}, "y")
        .Output("y");
    return ValuesOf(net, {RandomTensor({1, 1, 1, 4}, seed, -1, 1)})[0];
  };
  const double near = (turned(3, 5) * turned(5, 6)).sum().item<double>();
  const double far = (turned(8, 5) * turned(10, 6)).sum().item<double>();
  const double other = (turned(8, 5) * turned(11, 6)).sum().item<double>();
  EXPECT_NEAR(near, far, 1e-5);
  EXPECT_GT(std::abs(near - other), 1e-3);
}

}  // namespace
}  // namespace phosphene::onnx
