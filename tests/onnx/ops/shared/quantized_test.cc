// Quantized values: rounded as ONNX says, with gradients straight through.

#include "server/engine/onnx/ops/shared/quantized.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "server/engine/onnx/file/loader.h"
#include "server/engine/onnx/program/passes.h"
#include "server/engine/onnx/program/program.h"
#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

std::unique_ptr<Program> Compile(const NetBuilder& net, bool fold = false) {
  auto graph = LoadGraph(net.Bytes());
  EXPECT_TRUE(graph.ok()) << graph.status();
  if (fold) FoldConstants(&*graph);
  static auto* const kCache = new WeightCache();
  OpOptions options;
  options.float_type = at::kFloat;
  auto program =
      Program::Compile(*graph, {"image"}, graph->outputs, options, kCache);
  EXPECT_TRUE(program.ok()) << program.status();
  return *std::move(program);
}

// Quantized to uint8 and back.
NetBuilder RoundTrip(double scale, int zero) {
  NetBuilder net(21, {0, 2, 0, 0});
  net.Weight("s", at::full({}, scale, at::kFloat));
  net.Weight("z", at::full({}, zero, at::kByte));
  net.Node("QuantizeLinear", {"image", "s", "z"}, "q");
  net.Node("DequantizeLinear", {"q", "s", "z"}, "y").Output("y");
  return net;
}

TEST(QuantizedTest, ValuesAreRoundedHalvesToEvenAndClipped) {
  NetBuilder net(21, {0, 1, 0, 0});
  net.Weight("s", at::full({}, 2.0f));
  net.Weight("z", at::full({}, 10, at::kByte));
  net.Node("QuantizeLinear", {"image", "s", "z"}, "y").Output("y");
  const at::Tensor x =
      at::tensor({-100.f, -1.f, 0.f, 1.f, 3.f, 5.f, 489.f, 1000.f});
  const at::Tensor y = Compile(net)->Run({x.view({1, 1, 1, 8})})[0];
  EXPECT_TRUE(at::equal(y.view(-1), at::tensor({0.f, 10.f, 10.f, 10.f, 12.f,
                                                12.f, 254.f, 255.f})))
      << y;
}

TEST(QuantizedTest, EachTypeHasItsRange) {
  const at::Tensor x = at::tensor({-1e6f, 1e6f}).view({1, 1, 1, 2});
  for (const auto& [type, lo, hi] :
       std::vector<std::tuple<at::ScalarType, float, float>>{
           {at::kByte, 0, 255}, {at::kChar, -128, 127}}) {
    NetBuilder net(21, {0, 1, 0, 0});
    net.Weight("s", at::full({}, 1.0f));
    net.Weight("z", at::zeros({}, type));
    net.Node("QuantizeLinear", {"image", "s", "z"}, "y").Output("y");
    const at::Tensor y = Compile(net)->Run({x})[0].view(-1);
    EXPECT_EQ(y[0].item<float>(), lo);
    EXPECT_EQ(y[1].item<float>(), hi);
  }
}

// What rounds has the gradient of what only clips.
TEST(QuantizedTest, GradientsGoStraightThroughRoundingAndStopWhereItClips) {
  const double scale = 0.01;
  const int zero = 100;
  const auto program = Compile(RoundTrip(scale, zero));
  const at::Tensor x =
      RandomTensor({3, 2, 9, 9}, 4, -3, 3).requires_grad_(true);
  const at::Tensor weights = RandomTensor({3, 2, 9, 9}, 5, -1, 1);
  const at::Tensor y = program->Run({x})[0];
  const at::Tensor own = torch::autograd::grad({(y * weights).sum()}, {x})[0];
  // The first and the last step reach half a step further.
  const at::Tensor clipped =
      at::clamp(x, (0 - zero - 0.5) * scale, (255 - zero + 0.5) * scale);
  const at::Tensor expected =
      torch::autograd::grad({(clipped * weights).sum()}, {x})[0];
  EXPECT_TRUE(at::allclose(own, expected, 1e-5, 1e-7));
  EXPECT_GT(own.eq(0).sum().item<int64_t>(), 10);
  EXPECT_GT(own.ne(0).sum().item<int64_t>(), 10);
  const at::Tensor inside = own.ne(0);
  EXPECT_LE((y - x).masked_select(inside).abs().max().item<double>(),
            scale / 2 * 1.001);
}

TEST(QuantizedTest, DequantizedWeightsAreFolded) {
  NetBuilder net(21, {0, 2, 0, 0});
  net.Weight("q", at::arange(72).to(at::kChar).view({4, 2, 3, 3}));
  net.Weight("s", RandomTensor({4}, 2, 0.01, 0.1));
  net.Weight("z", at::zeros({4}, at::kChar));
  net.Node("DequantizeLinear", {"q", "s", "z"}, "w").Int("axis", 0);
  net.Node("Conv", {"image", "w"}, "y").Output("y");
  auto graph = LoadGraph(net.Bytes());
  ASSERT_TRUE(graph.ok()) << graph.status();
  FoldConstants(&*graph);
  ASSERT_EQ(graph->nodes.size(), 1u);
  EXPECT_EQ(graph->constants.at("w").scalar_type(), at::kFloat);
  // Per filter.
  const at::Tensor scales = graph->constants.at("s").view({4, 1, 1, 1});
  EXPECT_TRUE(at::allclose(graph->constants.at("w"),
                           graph->constants.at("q").to(at::kFloat) * scales));
}

// The operator on quantized values is the chain of real ones.
TEST(QuantizedTest, QuantizedConvolutionsEqualRoundedRealOnes) {
  const at::Tensor filters =
      (at::arange(3 * 2 * 9) * 37 % 251 - 125).to(at::kChar).view({3, 2, 3, 3});
  const auto shared = [&](NetBuilder* net) {
    net->Weight("xs", at::full({}, 0.02f));
    net->Weight("xz", at::full({}, 7, at::kByte));
    net->Weight("w", filters);
    net->Weight("ws", RandomTensor({3}, 3, 0.001, 0.01));
    net->Weight("wz", at::zeros({3}, at::kChar));
    net->Weight("ys", at::full({}, 0.05f));
    net->Weight("yz", at::full({}, 100, at::kByte));
    net->Node("QuantizeLinear", {"image", "xs", "xz"}, "x");
  };
  NetBuilder joined(21, {0, 2, 0, 0}), apart(21, {0, 2, 0, 0});
  shared(&joined);
  joined
      .Node("QLinearConv", {"x", "xs", "xz", "w", "ws", "wz", "ys", "yz"}, "y")
      .Values("pads", {1, 1, 1, 1})
      .Output("y");
  shared(&apart);
  apart.Node("DequantizeLinear", {"x", "xs", "xz"}, "xr");
  apart.Node("DequantizeLinear", {"w", "ws", "wz"}, "wr").Int("axis", 0);
  apart.Node("Conv", {"xr", "wr"}, "c").Values("pads", {1, 1, 1, 1});
  apart.Node("QuantizeLinear", {"c", "ys", "yz"}, "y").Output("y");
  const at::Tensor x = RandomTensor({2, 2, 8, 9}, 9, 0, 4).requires_grad_(true);
  const at::Tensor a = Compile(joined)->Run({x})[0];
  const at::Tensor b = Compile(apart, true)->Run({x})[0];
  // Sums of other order may fall on the other side of a half.
  EXPECT_LE((a - b).abs().max().item<float>(), 1);
  EXPECT_LE((a - b).ne(0).sum().item<int64_t>(), 2);
  EXPECT_TRUE(at::allclose(torch::autograd::grad({a.sum()}, {x})[0],
                           torch::autograd::grad({b.sum()}, {x})[0], 1e-3,
                           1e-2));
}

TEST(QuantizedTest, RowsOfABatchAreQuantizedApartByTheirOwnRange) {
  NetBuilder net(21, {0, 2, 0, 0});
  net.Node("DynamicQuantizeLinear", {"image"}, "q").Output("q");
  auto* node = net.proto().mutable_graph()->mutable_node(0);
  node->add_output("s");
  node->add_output("z");
  net.Node("DequantizeLinear", {"q", "s", "z"}, "y").Output("y");
  const auto program = Compile(net);
  const at::Tensor x = at::stack(
      {RandomTensor({2, 4, 4}, 1, -1, 1), RandomTensor({2, 4, 4}, 2, -50, 90)});
  const at::Tensor together = program->Run({x})[1];
  for (int64_t row : {0, 1}) {
    const at::Tensor alone = program->Run({x.narrow(0, row, 1)})[1];
    EXPECT_TRUE(at::equal(together.narrow(0, row, 1), alone));
    const double range = row == 0 ? 2 : 140;
    EXPECT_LE((alone - x.narrow(0, row, 1)).abs().max().item<double>(),
              range / 255);
  }
}

TEST(QuantizedTest, ElementwiseOperatorsAreRoundedReals) {
  NetBuilder net(21, {0, 2, 0, 0});
  net.Weight("s", at::full({}, 0.02f));
  net.Weight("z", at::full({}, 100, at::kByte));
  net.Node("QuantizeLinear", {"image", "s", "z"}, "q");
  net.Node("com.microsoft::QLinearAdd",
           {"q", "s", "z", "q", "s", "z", "s", "z"}, "sum")
      .Output("sum");
  net.Node("com.microsoft::QLinearSigmoid", {"q", "s", "z", "s", "z"},
           "sigmoid")
      .Output("sigmoid");
  net.Node("com.microsoft::QLinearConcat",
           {"s", "z", "q", "s", "z", "q", "s", "z"}, "joined")
      .Int("axis", 1)
      .Output("joined");
  net.Node("com.microsoft::QLinearGlobalAveragePool", {"q", "s", "z", "s", "z"},
           "mean")
      .Output("mean");
  const at::Tensor x = RandomTensor({1, 2, 5, 5}, 3, -1, 1);
  const Tensors out = Compile(net)->Run({x});
  const auto real = [](const at::Tensor& q) { return (q - 100) * 0.02; };
  EXPECT_LE((real(out[0]) - 2 * x).abs().max().item<double>(), 0.031);
  EXPECT_LE((real(out[1]) - x.sigmoid()).abs().max().item<double>(), 0.015);
  EXPECT_EQ(out[2].size(1), 4);
  EXPECT_TRUE(at::equal(out[2].narrow(1, 0, 2), out[2].narrow(1, 2, 2)));
  EXPECT_LE((real(out[3]) - x.mean({2, 3}, true)).abs().max().item<double>(),
            0.021);
}

TEST(QuantizedTest, TypesThatAreNotBuiltAreNamed) {
  NetBuilder net(21, {0, 2, 0, 0});
  net.Weight("s", at::full({}, 0.02f));
  net.Node("QuantizeLinear", {"image", "s"}, "y")
      .Int("output_dtype", 22)
      .Output("y");
  const auto graph = LoadGraph(net.Bytes());
  ASSERT_TRUE(graph.ok());
  WeightCache cache;
  const auto program =
      Program::Compile(*graph, {"image"}, {"y"}, OpOptions(), &cache);
  ASSERT_FALSE(program.ok());
  EXPECT_NE(program.status().message().find("element type 22"),
            std::string::npos)
      << program.status();
}

}  // namespace
}  // namespace phosphene::onnx
