// What noise, training modes and pooled places come to where networks are run
// for their pictures.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "server/engine/onnx/file/loader.h"
#include "server/engine/onnx/program/program.h"
#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

Tensors ValuesOf(const NetBuilder& net, const at::Tensor& image) {
  const auto graph = LoadGraph(net.Bytes());
  EXPECT_TRUE(graph.ok()) << graph.status();
  WeightCache cache;
  OpOptions options;
  options.float_type = at::kFloat;
  const auto program =
      Program::Compile(*graph, {"image"}, graph->outputs, options, &cache);
  EXPECT_TRUE(program.ok()) << program.status();
  return (*program)->Run({image});
}

TEST(InferenceTest, NoiseIsItsMean) {
  NetBuilder net(17, {0, 2, 0, 0});
  net.Node("RandomNormalLike", {"image"}, "a").Float("mean", 0.5f).Output("a");
  net.Node("RandomUniformLike", {"image"}, "b").Float("high", 3).Output("b");
  net.Node("RandomNormal", {}, "c").Values("shape", {2, 3}).Output("c");
  const Tensors out = ValuesOf(net, RandomTensor({2, 2, 3, 4}, 1));
  EXPECT_TRUE(at::equal(out[0], at::full({2, 2, 3, 4}, 0.5f)));
  EXPECT_TRUE(at::equal(out[1], at::full({2, 2, 3, 4}, 1.5f)));
  EXPECT_TRUE(at::equal(out[2], at::zeros({2, 3})));
}

TEST(InferenceTest, NothingIsDroppedInTraining) {
  NetBuilder net(17, {0, 2, 0, 0});
  net.Weight("ratio", at::full({}, 0.5f));
  net.Weight("training", at::ones({}, at::kBool));
  net.Node("Dropout", {"image", "ratio", "training"}, "y").Output("y");
  const at::Tensor x = RandomTensor({2, 2, 3, 4}, 1);
  EXPECT_TRUE(at::equal(ValuesOf(net, x)[0], x));
}

// A batch of one is normalized by itself, as ONNX says, and more rows are each
// as it would be alone.
TEST(InferenceTest, RowsAreNormalizedApartInTraining) {
  NetBuilder net(17, {0, 2, 0, 0});
  for (const char* name : {"scale", "shift", "mean", "variance"})
    net.Weight(name, RandomTensor({2}, 3, 0.5, 2));
  net.Node("BatchNormalization",
           {"image", "scale", "shift", "mean", "variance"}, "y")
      .Int("training_mode", 1)
      .Output("y");
  const at::Tensor x = RandomTensor({3, 2, 5, 6}, 1, -2, 5);
  const at::Tensor together = ValuesOf(net, x)[0];
  for (int64_t row = 0; row < 3; ++row) {
    const at::Tensor alone = ValuesOf(net, x.narrow(0, row, 1))[0];
    EXPECT_TRUE(at::allclose(together.narrow(0, row, 1), alone, 1e-5, 1e-6));
    const at::Tensor scale = RandomTensor({2}, 3, 0.5, 2);
    EXPECT_TRUE(at::allclose(alone.mean({0, 2, 3}), scale, 1e-4, 1e-5));
    EXPECT_TRUE(at::allclose(alone.std({0, 2, 3}, /*unbiased=*/false), scale,
                             1e-3, 1e-4));
  }
}

// Pooled values go back to where they were taken from, and so do gradients.
TEST(InferenceTest, UnpoolingPutsTheLargestBack) {
  NetBuilder net(17, {0, 2, 0, 0});
  net.Node("MaxPool", {"image"}, "pooled")
      .Values("kernel_shape", {2, 2})
      .Values("strides", {2, 2})
      .Output("pooled");
  net.proto().mutable_graph()->mutable_node(0)->add_output("places");
  net.Node("MaxUnpool", {"pooled", "places"}, "y")
      .Values("kernel_shape", {2, 2})
      .Values("strides", {2, 2})
      .Output("y");
  const at::Tensor x = RandomTensor({2, 2, 6, 8}, 1, 0.1, 1);
  x.requires_grad_(true);
  const Tensors out = ValuesOf(net, x);
  const at::Tensor kept = out[1].ne(0);
  EXPECT_EQ(kept.sum().item<int64_t>(), out[0].numel());
  EXPECT_TRUE(at::equal(out[1], x * kept));
  EXPECT_TRUE(at::equal(torch::autograd::grad({out[1].sum()}, {x})[0],
                        kept.to(at::kFloat)));
}

// ONNX Runtime's values for 11 pixels at a scale of 0.6, rounded as it rounds.
TEST(InferenceTest, NearestPixelsAreThoseOfSinglePrecision) {
  NetBuilder net(13, {0, 1, 0, 0});
  net.Weight("scales", at::tensor({1.f, 1.f, 1.f, 0.6f}));
  net.Node("Resize", {"image", "", "scales"}, "y")
      .Text("nearest_mode", "floor")
      .Output("y");
  const at::Tensor x = at::arange(11, at::kFloat).view({1, 1, 1, 11});
  EXPECT_TRUE(at::equal(ValuesOf(net, x)[0].view(-1),
                        at::tensor({0.f, 2.f, 3.f, 5.f, 6.f, 8.f})));
}

TEST(InferenceTest, CornersAreAlignedInWholePixels) {
  NetBuilder net(13, {0, 1, 0, 0});
  net.Weight("scales", at::tensor({1.f, 1.f, 1.f, 1.45f}));
  net.Node("Resize", {"image", "", "scales"}, "y")
      .Text("mode", "linear")
      .Text("coordinate_transformation_mode", "align_corners")
      .Output("y");
  const at::Tensor x = RandomTensor({1, 1, 2, 11}, 1);
  const at::Tensor y = ValuesOf(net, x)[0];
  ASSERT_EQ(y.size(3), 15);
  EXPECT_TRUE(at::allclose(y.select(3, 0), x.select(3, 0)));
  EXPECT_TRUE(at::allclose(y.select(3, 14), x.select(3, 10)));
}

TEST(InferenceTest, OldOperatorsDoWhatConvertersMeant) {
  NetBuilder net(7, {0, 3, 0, 0});
  net.Node("ImageScaler", {"image"}, "scaled")
      .Float("scale", 2)
      .Output("scaled");
  net.Node("Crop", {"image"}, "cut")
      .Values("border", {1, 0, 2, 1})
      .Output("cut");
  net.Node("Affine", {"image"}, "moved")
      .Float("alpha", 2)
      .Float("beta", 0.5f)
      .Output("moved");
  const at::Tensor x = RandomTensor({1, 3, 6, 7}, 1);
  const Tensors out = ValuesOf(net, x);
  EXPECT_TRUE(at::allclose(out[0], x * 2));
  EXPECT_TRUE(at::equal(out[1], x.slice(2, 0, 5).slice(3, 1, 5)));
  EXPECT_TRUE(at::allclose(out[2], x * 2 + 0.5));
}

}  // namespace
}  // namespace phosphene::onnx
