// The law of the channel axis: what convolutions, pools and BatchNormalization
// read and make, and what is elementwise with that, has channels on axis 1 of
// what the operators made, however the graph came there.

#include "server/engine/onnx/info/axes.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "server/engine/onnx/info/info.h"
#include "server/engine/onnx/program/program.h"
#include "server/engine/tensor/torch_pch.h"
#include "tests/onnx/net_builder.h"

namespace phosphene {
namespace {

constexpr int64_t kSide = 32, kChannels = 32, kMap = 8;

at::Tensor Whole(const std::vector<int64_t>& numbers) {
  return at::tensor(numbers, at::kLong);
}

// Stands for the rows of the batch: 1 in a file written for one picture.
constexpr int64_t kRows = -2;

NetBuilder& Reshape(NetBuilder* net, const std::string& from,
                    const std::string& to, std::vector<int64_t> shape) {
  const auto& input = net->proto().graph().input(0).type().tensor_type();
  const bool one = input.shape().dim(0).dim_value() == 1;
  std::replace(shape.begin(), shape.end(), kRows, int64_t{one ? 1 : -1});
  return net->Weight(to + "/shape", Whole(shape))
      .Node("Reshape", {from, to + "/shape"}, to);
}

// What axis 1 of the values as the operators make them holds: [rows, channels]
// means, without any layout.
std::map<std::string, at::Tensor> MeansOfAxisOne(
    const onnx::OpenedNetwork& info, const std::vector<std::string>& layers,
    const at::Tensor& image) {
  onnx::OpOptions options;
  options.float_type = at::kFloat;
  const auto program = onnx::Program::Compile(info.graph(), {"image"}, layers,
                                              options, info.cache());
  EXPECT_TRUE(program.ok()) << program.status();
  std::map<std::string, at::Tensor> means;
  for (int64_t row = 0; row < image.size(0); ++row) {
    const auto values = (*program)->Run({image.narrow(0, row, 1)});
    for (size_t i = 0; i < layers.size(); ++i) {
      const at::Tensor own =
          values[i].reshape({1, values[i].size(1), -1}).mean(2);
      at::Tensor& all = means[layers[i]];
      all = all.defined() ? at::cat({all, own}) : own;
    }
  }
  return means;
}

void ExpectChannelsOnAxisOne(const NetBuilder& net,
                             const std::vector<std::string>& layers) {
  const auto info =
      std::dynamic_pointer_cast<const onnx::OpenedNetwork>(net.Open());
  const at::Tensor image = RandomTensor({2, 3, kSide, kSide}, 3, -1, 1);
  const auto expected = MeansOfAxisOne(*info, layers, image);
  const auto values = net.Compile(layers)->Forward(image);
  for (const std::string& layer : layers) {
    SCOPED_TRACE(layer);
    const at::Tensor& value = values.at(layer);
    ASSERT_EQ(info->Channels(layer), expected.at(layer).size(1));
    ASSERT_EQ(value.size(1), expected.at(layer).size(1));
    const at::Tensor means =
        value.reshape({value.size(0), value.size(1), -1}).mean(2);
    EXPECT_TRUE(at::allclose(means, expected.at(layer), 1e-4, 1e-5));
  }
}

// A stem of 32 channels, `middle` that makes `m` of `c1`, and a convolution
// that reads m past a ReLU.
NetBuilder Between(const std::function<void(NetBuilder*)>& middle,
                   NetBuilder net = NetBuilder(13)) {
  net.Conv("image", "c1", 3, kChannels, 3, 4);
  middle(&net);
  net.Relu("m", "r").Conv("r", "c2", kChannels, 16, 3);
  net.Node("GlobalAveragePool", {"c2"}, "g");
  return std::move(net.Node("Flatten", {"g"}, "y").Output("y"));
}

const std::vector<std::string> kRest = {"c1", "m", "r", "c2", "g", "y"};

void ExpectAround(const std::vector<std::string>& more,
                  const std::function<void(NetBuilder*)>& middle) {
  std::vector<std::string> layers = kRest;
  layers.insert(layers.end(), more.begin(), more.end());
  ExpectChannelsOnAxisOne(Between(middle), layers);
  // Written for pictures of one size, and of one picture at a time.
  ExpectChannelsOnAxisOne(Between(middle, NetBuilder(13, {0, 3, kSide, kSide})),
                          layers);
  ExpectChannelsOnAxisOne(Between(middle, NetBuilder(13, {1, 3, kSide, kSide})),
                          layers);
}

// GroupNorm as exporters write it up to opset 17.
void GroupNorm(NetBuilder* net, const std::string& out) {
  Reshape(net, "c1", "q", {0, 8, -1});
  net->Weight("one", at::ones({8})).Weight("zero", at::zeros({8}));
  net->Node("InstanceNormalization", {"q", "one", "zero"}, "qn");
  net->Node("Shape", {"c1"}, "shape").Node("Reshape", {"qn", "shape"}, out);
}

TEST(AxesTest, GroupNormByReshape) {
  ExpectAround({"q", "qn", "u", "v"}, [](NetBuilder* net) {
    GroupNorm(net, "u");
    net->Weight("scale", RandomTensor({kChannels, 1, 1}, 5))
        .Node("Mul", {"u", "scale"}, "v");
    net->Weight("shift", RandomTensor({kChannels, 1, 1}, 6))
        .Node("Add", {"v", "shift"}, "m");
  });
  ExpectAround({"q"}, [](NetBuilder* net) { GroupNorm(net, "m"); });
}

TEST(AxesTest, ChannelShuffle) {
  ExpectAround({}, [](NetBuilder* net) {
    Reshape(net, "c1", "a", {kRows, 2, kChannels / 2, kMap, kMap});
    net->Node("Transpose", {"a"}, "b").Values("perm", {0, 2, 1, 3, 4});
    Reshape(net, "b", "m", {kRows, kChannels, kMap, kMap});
  });
}

TEST(AxesTest, PixelShuffleByReshape) {
  ExpectAround({"wide"}, [](NetBuilder* net) {
    net->Conv("c1", "wide", kChannels, 4 * kChannels, 1);
    Reshape(net, "wide", "a", {kRows, kChannels, 2, 2, kMap, kMap});
    net->Node("Transpose", {"a"}, "b").Values("perm", {0, 1, 4, 2, 5, 3});
    Reshape(net, "b", "m", {kRows, kChannels, 2 * kMap, 2 * kMap});
  });
}

TEST(AxesTest, TokensAndBack) {
  ExpectAround({}, [](NetBuilder* net) {
    Reshape(net, "c1", "a", {0, kChannels, -1});
    net->Node("Transpose", {"a"}, "t").Values("perm", {0, 2, 1});
    net->Weight("w", RandomTensor({kChannels, kChannels}, 4, -1, 1))
        .Node("MatMul", {"t", "w"}, "p");
    net->Node("Transpose", {"p"}, "tb").Values("perm", {0, 2, 1});
    Reshape(net, "tb", "m", {kRows, kChannels, kMap, kMap});
  });
}

// As Paddle writes squeeze and excitation: the bias is a value of four axes.
TEST(AxesTest, GatesOfOnePlace) {
  ExpectAround({"pooled", "sum", "gate"}, [](NetBuilder* net) {
    net->Node("GlobalAveragePool", {"c1"}, "pooled")
        .Conv("pooled", "squeezed", kChannels, kChannels, 1)
        .Weight("bias", RandomTensor({kChannels}, 4));
    Reshape(net, "bias", "bias4", {1, kChannels, 1, 1});
    net->Node("Add", {"squeezed", "bias4"}, "sum")
        .Node("Sigmoid", {"sum"}, "gate")
        .Node("Mul", {"gate", "c1"}, "m");
  });
}

// One map of attention for all channels, whichever side it stands on.
TEST(AxesTest, GatesOfOneChannel) {
  ExpectAround({"gate"}, [](NetBuilder* net) {
    net->Conv("c1", "gate", kChannels, 1, 1).Node("Mul", {"gate", "c1"}, "m");
  });
}

TEST(AxesTest, GatesByMatrices) {
  ExpectAround({}, [](NetBuilder* net) {
    net->Node("ReduceMean", {"c1"}, "means")
        .Values("axes", {2, 3})
        .Int("keepdims", 0);
    net->Weight("w", RandomTensor({kChannels, kChannels}, 4, -1, 1))
        .Node("MatMul", {"means", "w"}, "product");
    net->Weight("axes", Whole({2, 3}))
        .Node("Unsqueeze", {"product", "axes"}, "gate")
        .Node("Mul", {"c1", "gate"}, "m");
  });
}

// ResNeSt: the halves of twice the channels, weighed by a softmax over them.
TEST(AxesTest, SplitAttention) {
  ExpectAround({"wide", "mix", "pooled", "logits"}, [](NetBuilder* net) {
    net->Conv("c1", "wide", kChannels, 2 * kChannels, 3);
    Reshape(net, "wide", "halves", {kRows, 2, kChannels, kMap, kMap});
    net->Weight("one", Whole({1}))
        .Node("ReduceSum", {"halves", "one"}, "mix")
        .Int("keepdims", 0);
    net->Node("ReduceMean", {"mix"}, "pooled").Values("axes", {2, 3});
    net->Conv("pooled", "logits", kChannels, 2 * kChannels, 1);
    Reshape(net, "logits", "pairs", {kRows, 1, 2, kChannels});
    net->Node("Transpose", {"pairs"}, "turned").Values("perm", {0, 2, 1, 3});
    net->Node("Softmax", {"turned"}, "shares").Int("axis", 1);
    Reshape(net, "shares", "flat", {kRows, 2 * kChannels});
    Reshape(net, "flat", "gates", {kRows, 2, kChannels, 1, 1});
    net->Node("Mul", {"halves", "gates"}, "weighed")
        .Node("ReduceSum", {"weighed", "one"}, "m")
        .Int("keepdims", 0);
  });
}

// MobileViT: patches of 2 x 2 unfolded to tokens, and folded again.
TEST(AxesTest, Folds) {
  constexpr int64_t kPatches = kMap / 2;
  ExpectAround({}, [](NetBuilder* net) {
    Reshape(net, "c1", "u1", {-1, 2, kPatches, 2});
    net->Node("Transpose", {"u1"}, "u2").Values("perm", {0, 2, 1, 3});
    Reshape(net, "u2", "u3", {kRows, kChannels, kPatches * kPatches, 4});
    net->Node("Transpose", {"u3"}, "u4").Values("perm", {0, 3, 2, 1});
    Reshape(net, "u4", "tokens", {-1, kPatches * kPatches, kChannels});
    net->Weight("w", RandomTensor({kChannels, kChannels}, 4, -1, 1))
        .Node("MatMul", {"tokens", "w"}, "p");
    Reshape(net, "p", "f1", {kRows, 4, kPatches * kPatches, kChannels});
    net->Node("Transpose", {"f1"}, "f2").Values("perm", {0, 3, 2, 1});
    Reshape(net, "f2", "f3", {-1, kPatches, 2, 2});
    net->Node("Transpose", {"f3"}, "f4").Values("perm", {0, 2, 1, 3});
    Reshape(net, "f4", "m", {kRows, kChannels, kMap, kMap});
  });
}

TEST(AxesTest, ConvolutionsOfOneAxis) {
  ExpectAround({"row", "c"}, [](NetBuilder* net) {
    Reshape(net, "c1", "row", {kRows, kChannels, kMap * kMap});
    net->Weight("w", RandomTensor({kChannels, kChannels, 1}, 4, -1, 1))
        .Node("Conv", {"row", "w"}, "c");
    Reshape(net, "c", "m", {kRows, kChannels, kMap, kMap});
  });
}

// Values that rewriting takes out, in networks where another layer has to be
// tried: the axis goes on past them.
TEST(AxesTest, ValuesThatRewritingTakesOut) {
  const auto tried = [](NetBuilder* net) {
    net->Node("ReduceMean", {"c1"}, "tried")
        .Values("axes", {2})
        .Int("keepdims", 0);
  };
  ExpectAround({"d", "e", "a", "p"}, [&](NetBuilder* net) {
    tried(net);
    net->Weight("root", at::tensor(std::sqrt(2.F)))
        .Weight("one", at::tensor(1.F))
        .Weight("half", at::tensor(0.5F));
    net->Node("Div", {"c1", "root"}, "d")
        .Node("Erf", {"d"}, "e")
        .Node("Add", {"e", "one"}, "a")
        .Node("Mul", {"c1", "a"}, "p")
        .Node("Mul", {"p", "half"}, "m");
  });
  for (const char* op : {"Identity", "Dropout"}) {
    ExpectAround({}, [&](NetBuilder* net) {
      tried(net);
      net->Node(op, {"c1"}, "i").Relu("i", "m");
    });
  }
  ExpectAround({"s"}, [&](NetBuilder* net) {
    tried(net);
    net->Node("Sigmoid", {"c1"}, "s").Node("Mul", {"c1", "s"}, "m");
  });
}

// MLP-Mixer: a product over tokens makes new tokens of the same features, where
// LayerNormalization says that those are behind it; between two such products
// nothing does.
TEST(AxesTest, FeaturesStayFeaturesWhereTokensAreMixed) {
  constexpr int64_t kTokens = kMap * kMap;
  NetBuilder net(17, {0, 3, kSide, kSide});
  net.Conv("image", "c1", 3, kChannels, 3, 4);
  Reshape(&net, "c1", "a", {0, kChannels, kTokens});
  net.Node("Transpose", {"a"}, "tokens").Values("perm", {0, 2, 1});
  net.Weight("scale", at::ones({kChannels}))
      .Node("LayerNormalization", {"tokens", "scale"}, "n");
  net.Node("Transpose", {"n"}, "turned").Values("perm", {0, 2, 1});
  net.Weight("w", RandomTensor({kTokens, 16}, 4, -1, 1))
      .Node("MatMul", {"turned", "w"}, "hidden")
      .Relu("hidden", "active")
      .Weight("v", RandomTensor({16, kTokens}, 5, -1, 1))
      .Node("MatMul", {"active", "v"}, "back");
  net.Node("Transpose", {"back"}, "rows").Values("perm", {0, 2, 1});
  net.Node("Add", {"tokens", "rows"}, "mixed")
      .Node("LayerNormalization", {"mixed", "scale"}, "out")
      .Output("out");
  const auto info = net.Open();
  for (const char* layer : {"a", "tokens", "n", "turned", "back", "mixed"})
    EXPECT_EQ(info->Channels(layer), kChannels) << layer;
  EXPECT_EQ(info->Channels("hidden"), 16);
  EXPECT_EQ(info->Channels("active"), 16);
}

// Layers behind what a picture of the trial's size cannot go through: what the
// operators before and after say counts still.
TEST(AxesTest, LayersThatTheTrialDoesNotReach) {
  NetBuilder net(13);
  net.Conv("image", "c1", 3, kChannels, 3, 4);
  Reshape(&net, "c1", "tokens", {0, kChannels, kMap * kMap});  // of 32 x 32
  Reshape(&net, "tokens", "m", {0, kChannels, kMap, kMap});
  net.Relu("m", "r").Conv("r", "c2", kChannels, 16, 3).Output("c2");
  EXPECT_EQ(net.Open()->Channels("c1"), kChannels);
  ExpectChannelsOnAxisOne(net, {"c1", "c2"});
}

}  // namespace
}  // namespace phosphene
