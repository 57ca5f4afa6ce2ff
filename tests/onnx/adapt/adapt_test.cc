// Laws of what is done between a file's bytes and the graph that is run.

#include "server/engine/onnx/adapt/adapt.h"

#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_join.h"
#include "server/engine/onnx/file/loader.h"
#include "server/engine/onnx/info/info.h"
#include "tests/onnx/net_builder.h"

namespace phosphene {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Ints = NetBuilder::Ints;

struct Opened {
  std::shared_ptr<const onnx::OpenedNetwork> net;
  std::string notes, error;

  at::Tensor Run(const std::string& layer, const at::Tensor& image) const {
    const auto name = net->Resolve(layer);
    EXPECT_TRUE(name.ok()) << name.status();
    auto network = CompileNetwork(net, {*name}, {});
    EXPECT_TRUE(network.ok()) << network.status();
    return (*network)->Forward(image).at(*name);
  }
  std::vector<std::string> Layers() const {
    std::vector<std::string> names;
    for (const v1::Layer& layer : net->layers()) names.push_back(layer.name());
    return names;
  }
  const v1::Layer& Layer(const std::string& name) const {
    for (const v1::Layer& layer : net->layers()) {
      if (layer.name() == name) return layer;
    }
    ADD_FAILURE() << "no layer " << name;
    return net->layers()[0];
  }
};

// Pictures 0..1 are taken as they are, whatever the range would be.
Opened Open(const NetBuilder& net, v1::ModelConfig config = {}) {
  config.set_range_hi(1);
  std::vector<std::string> notes;
  const auto opened =
      onnx::OpenedNetwork::Open("net", {net.Bytes(), nullptr}, config, &notes);
  Opened out;
  out.notes = absl::StrJoin(notes, "\n");
  if (opened.ok()) {
    out.net = *opened;
  } else {
    out.error = std::string(opened.status().message());
  }
  return out;
}

NetBuilder& Body(const std::string& input, NetBuilder* net,
                 int64_t channels = 3) {
  net->Conv(input, "c1", channels, 8, 3, 2).Relu("c1", "r1");
  net->Conv("r1", "c2", 8, 6, 3, 2).Relu("c2", "r2").Output("r2");
  return *net;
}

NetBuilder Plain(int64_t channels = 3) {
  NetBuilder net(13, {0, channels, 0, 0});
  return Body("image", &net, channels);
}

void SetType(onnx::TensorProto::DataType type, NetBuilder* net) {
  net->proto()
      .mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->set_elem_type(type);
}

at::Tensor Picture(int64_t rows = 2, int64_t channels = 3, int64_t h = 16,
                   int64_t w = 12) {
  return RandomTensor({rows, channels, h, w}, 5);
}

void ExpectSame(const Opened& net, const Opened& twin,
                const at::Tensor& picture, bool strides = true) {
  ASSERT_NE(net.net, nullptr) << net.error;
  for (const char* layer : {"c1", "r2"}) {
    const at::Tensor a = net.Run(layer, picture), b = twin.Run(layer, picture);
    ASSERT_EQ(a.sizes(), b.sizes()) << layer;
    EXPECT_TRUE(at::allclose(a, b, 1e-5, 1e-5)) << layer;
    EXPECT_EQ(net.Layer(layer).channels(), twin.Layer(layer).channels());
    if (!strides) continue;
    EXPECT_EQ(net.Layer(layer).stride(), twin.Layer(layer).stride());
  }
}

TEST(AdaptTest, ANetOfChannelsLastIsItsTwinOfChannelsFirst) {
  for (const Ints& dims : {Ints{0, 0, 0, 3}, Ints{0, 16, 12, 3},
                           Ints{0, 0, 0, 0}, Ints{1, 16, 12, 3}}) {
    NetBuilder net(13, dims);
    net.Node("Transpose", {"image"}, "t").Values("perm", {0, 3, 1, 2});
    Body("t", &net);
    const Opened opened = Open(net);
    ExpectSame(opened, Open(Plain()), Picture());
    EXPECT_EQ(opened.net->input_channels(), 3);
    EXPECT_THAT(opened.notes, HasSubstr("[N,H,W,C]"));
    for (const std::string& layer : opened.Layers())
      EXPECT_FALSE(onnx::IsAdapted(layer)) << layer;
  }
}

TEST(AdaptTest, ScalesBeforeTheChannelsMoveAreTurnedWithThem) {
  const at::Tensor mean = at::tensor({0.1f, 0.2f, 0.3f});
  NetBuilder last(13, {0, 0, 0, 3});
  last.Weight("m", mean).Node("Sub", {"image", "m"}, "s");
  last.Node("Transpose", {"s"}, "t").Values("perm", {0, 3, 1, 2});
  Body("t", &last);
  NetBuilder first(13);
  first.Weight("m", mean.view({3, 1, 1})).Node("Sub", {"image", "m"}, "s");
  Body("s", &first);
  ExpectSame(Open(last), Open(first), Picture());
}

TEST(AdaptTest, WhoReadsTheFilesOrderGetsIt) {
  NetBuilder net(13, {0, 0, 0, 3});
  net.Weight("w", RandomTensor({3, 5}, 9, -1, 1));
  net.Node("MatMul", {"image", "w"}, "p");
  net.Node("Transpose", {"p"}, "t").Values("perm", {0, 3, 1, 2}).Output("t");
  const at::Tensor picture = Picture();
  const at::Tensor expected =
      at::matmul(picture.permute({0, 2, 3, 1}), RandomTensor({3, 5}, 9, -1, 1))
          .permute({0, 3, 1, 2});
  v1::ModelConfig config;
  config.set_layout(v1::ModelConfig::NHWC);
  const Opened opened = Open(net, config);
  ASSERT_NE(opened.net, nullptr) << opened.error;
  EXPECT_TRUE(at::allclose(opened.Run("t", picture), expected, 1e-5, 1e-5));
}

TEST(AdaptTest, ImagesWithoutRowsAreTakenOneAtATime) {
  NetBuilder first(13, {3, 16, 12});
  first.Weight("zero", at::tensor({int64_t{0}}));
  first.Node("Unsqueeze", {"image", "zero"}, "t");
  Body("t", &first);
  ExpectSame(Open(first), Open(Plain()), Picture());
  NetBuilder last(13, {16, 12, 3});
  last.Weight("zero", at::tensor({int64_t{0}}));
  last.Node("Transpose", {"image"}, "p").Values("perm", {2, 0, 1});
  last.Node("Unsqueeze", {"p", "zero"}, "t");
  Body("t", &last);
  ExpectSame(Open(last), Open(Plain()), Picture());
}

TEST(AdaptTest, FlatPicturesAndVideosOfOneFrameAreReshaped) {
  NetBuilder flat(13, {0, 256});
  flat.Weight("to",
              at::tensor({int64_t{-1}, int64_t{1}, int64_t{16}, int64_t{16}}));
  flat.Node("Reshape", {"image", "to"}, "t");
  Body("t", &flat, 1);
  ExpectSame(Open(flat), Open(Plain(1)), Picture(2, 1, 16, 16));
  NetBuilder video(13, {1, 3, 1, 16, 12});
  video.Weight("to",
               at::tensor({int64_t{1}, int64_t{3}, int64_t{16}, int64_t{12}}));
  video.Node("Reshape", {"image", "to"}, "t");
  Body("t", &video);
  ExpectSame(Open(video), Open(Plain()), Picture());
}

TEST(AdaptTest, WholeNumbersAreGivenUnroundedAndGradientsReachThePicture) {
  NetBuilder net(13);
  SetType(onnx::TensorProto::UINT8, &net);
  net.Node("Cast", {"image"}, "i").Int("to", onnx::TensorProto::INT32);
  net.Node("Cast", {"i"}, "f").Int("to", onnx::TensorProto::FLOAT);
  Body("f", &net);
  const Opened opened = Open(net);
  ExpectSame(opened, Open(Plain()), Picture());
  const at::Tensor picture = Picture().requires_grad_(true);
  const at::Tensor sum = opened.Run("r2", picture).sum();
  EXPECT_GT(
      torch::autograd::grad({sum}, {picture})[0].abs().sum().item<float>(), 0);
}

TEST(AdaptTest, AFixedBatchIsFilledWithThePictureAndItsFirstRowRead) {
  NetBuilder net(13, {4, 3, 16, 12});
  Body("image", &net);
  net.Weight("to", at::tensor({int64_t{4}, int64_t{-1}}));
  net.Node("Reshape", {"r2", "to"}, "flat").Output("flat");
  const Opened opened = Open(net), twin = Open(Plain());
  ExpectSame(opened, twin, Picture(), false);
  EXPECT_THAT(opened.notes, HasSubstr("batches of 4"));
  const at::Tensor expected = twin.Run("r2", Picture()).flatten(1);
  EXPECT_TRUE(at::allclose(opened.Run("flat", Picture()).reshape({2, -1}),
                           expected, 1e-5, 1e-5));
}

TEST(AdaptTest, ANetOfDoublesIsItsTwinOfFloats) {
  NetBuilder net = Plain();
  SetType(onnx::TensorProto::DOUBLE, &net);
  for (auto& tensor : *net.proto().mutable_graph()->mutable_initializer()) {
    const std::string raw = tensor.raw_data();
    tensor.set_data_type(onnx::TensorProto::DOUBLE);
    tensor.clear_raw_data();
    for (size_t i = 0; i < raw.size(); i += 4) {
      float value;
      std::memcpy(&value, raw.data() + i, 4);
      tensor.add_double_data(value);
    }
  }
  ExpectSame(Open(net), Open(Plain()), Picture());
}

TEST(AdaptTest, ATailThatIsNotSupportedChangesNothingOfTheRest) {
  NetBuilder net = Plain();
  net.Node("Frobnicate", {"r2"}, "f").Relu("f", "g").Output("g");
  const Opened opened = Open(net);
  ExpectSame(opened, Open(Plain()), Picture());
  EXPECT_THAT(opened.notes, AllOf(HasSubstr("2 of 6 nodes are not read"),
                                  HasSubstr("Frobnicate node \"f\"")));
  EXPECT_THAT(std::string(opened.net->Resolve("g").status().message()),
              HasSubstr("is not read: it is behind Frobnicate node \"f\", an "
                        "operator that is not supported"));
}

TEST(AdaptTest, WhatAnotherInputIsNeededForIsLeftOut) {
  NetBuilder net = Plain();
  auto* gain = net.proto().mutable_graph()->add_input();
  *gain = net.proto().graph().input(0);
  gain->set_name("gain");
  gain->mutable_type()->mutable_tensor_type()->mutable_shape()->clear_dim();
  net.Node("Mul", {"r2", "gain"}, "m").Output("m");
  const Opened opened = Open(net);
  ExpectSame(opened, Open(Plain()), Picture());
  EXPECT_THAT(opened.notes, HasSubstr("(needs the input \"gain\", another"));
}

TEST(AdaptTest, OfTwoPicturesTheOneGivenCounts) {
  NetBuilder net = Plain();
  auto* other = net.proto().mutable_graph()->add_input();
  *other = net.proto().graph().input(0);
  other->set_name("z");
  net.Conv("z", "zc", 3, 6, 3, 4).Node("Sub", {"r2", "zc"}, "d").Output("d");
  const Opened first = Open(net);
  ExpectSame(first, Open(Plain()), Picture());
  EXPECT_THAT(first.notes, HasSubstr("--input chooses another"));
  v1::ModelConfig config;
  config.set_input("z");
  EXPECT_EQ(Open(net, config).Layers(), std::vector<std::string>{"zc"});
}

TEST(AdaptTest, NothingLeftIsRefusedWithTheNodes) {
  NetBuilder net;
  net.Node("Frobnicate", {"image"}, "a").Node("Warp", {"a"}, "b").Output("b");
  EXPECT_THAT(Open(net).error,
              AllOf(HasSubstr("nothing of the network can be read"),
                    HasSubstr("Frobnicate node \"a\""),
                    HasSubstr("Warp (node \"b\")")));
}

TEST(AdaptTest, UnusedTextIsNoObstacleAndDamageThatIsNotUsedNeither) {
  NetBuilder net = Plain();
  auto* text = net.proto().mutable_graph()->add_initializer();
  text->set_name("labels");
  text->set_data_type(onnx::TensorProto::STRING);
  text->add_dims(1);
  text->add_string_data("cat");
  net.Weight("nan", at::full({1}, std::nan("")));
  ExpectSame(Open(net), Open(Plain()), Picture());
  net.Node("Add", {"r2", "nan"}, "a").Output("a");
  EXPECT_THAT(Open(net).error, HasSubstr("tensor \"nan\" holds NaN"));
}

TEST(AdaptTest, TheSameTensorTwiceIsOneAndOthersOfOneNameAreRefused) {
  NetBuilder net = Plain();
  auto* graph = net.proto().mutable_graph();
  *graph->add_initializer() = onnx::TensorProto(graph->initializer(1));
  ExpectSame(Open(net), Open(Plain()), Picture());
  std::string* raw = graph->mutable_initializer()->rbegin()->mutable_raw_data();
  (*raw)[0] = static_cast<char>((*raw)[0] ^ 1);
  EXPECT_THAT(Open(net).error, HasSubstr("hold different values"));
}

TEST(AdaptTest, ValuesThatAreCalledAsThePictureIsGetAnotherName) {
  NetBuilder net(13, {0, 3, 0, 0}, "pixels");
  net.Conv("pixels", "image", 3, 4, 3).Relu("image", "input").Output("input");
  EXPECT_EQ(Open(net).Layers(),
            (std::vector<std::string>{"net:image", "net:input"}));
}

// A branch that makes `output` of r2 by an operator.
onnx::GraphProto Branch(const std::string& op, const std::string& output) {
  onnx::GraphProto graph;
  auto* node = graph.add_node();
  node->set_op_type(op);
  node->add_input("r2");
  node->add_output(output);
  graph.add_output()->set_name(output);
  return graph;
}

TEST(AdaptTest, ABranchThatAConstantChoosesStandsInItsPlace) {
  NetBuilder net = Plain();
  net.Weight("one", at::scalar_tensor(1, at::kLong));
  net.Node("Equal", {"one", "one"}, "yes").Node("If", {"yes"}, "out");
  auto* choice = net.proto().mutable_graph()->mutable_node(
      net.proto().graph().node_size() - 1);
  for (const auto& [name, op] :
       {std::pair{"then_branch", "Neg"}, {"else_branch", "Frobnicate"}}) {
    auto* branch = choice->add_attribute();
    branch->set_name(name);
    branch->set_type(onnx::AttributeProto::GRAPH);
    *branch->mutable_g() = Branch(op, "o");
  }
  net.Output("out");
  const Opened opened = Open(net);
  ASSERT_NE(opened.net, nullptr) << opened.error;
  EXPECT_TRUE(
      at::equal(opened.Run("out", Picture()), -opened.Run("r2", Picture())));
}

TEST(AdaptTest, OldBroadcastingAlongAnAxisIsTheNewOne) {
  const at::Tensor bias = RandomTensor({8}, 3);
  NetBuilder old(6, {0, 3, 0, 0});
  old.Conv("image", "c1", 3, 8, 3, 2).Weight("b", bias);
  old.Node("Add", {"c1", "b"}, "a").Int("broadcast", 1).Int("axis", 1);
  old.Conv("a", "c2", 8, 6, 3, 2).Relu("c2", "r2").Output("r2");
  NetBuilder now(7, {0, 3, 0, 0});
  now.Conv("image", "c1", 3, 8, 3, 2).Weight("b", bias.view({8, 1, 1}));
  now.Node("Add", {"c1", "b"}, "a");
  now.Conv("a", "c2", 8, 6, 3, 2).Relu("c2", "r2").Output("r2");
  ExpectSame(Open(old), Open(now), Picture());
}

TEST(AdaptTest, SwitchesOfTrainingAreOff) {
  NetBuilder net = Plain();
  auto* input = net.proto().mutable_graph()->add_input();
  input->set_name("is_training");
  auto* type = input->mutable_type()->mutable_tensor_type();
  type->set_elem_type(onnx::TensorProto::BOOL);
  type->mutable_shape();
  net.Weight("ratio", at::scalar_tensor(0.5f));
  net.Node("Dropout", {"r2", "ratio", "is_training"}, "d").Output("d");
  const Opened opened = Open(net);
  ASSERT_NE(opened.net, nullptr) << opened.error;
  EXPECT_TRUE(
      at::equal(opened.Run("d", Picture()), opened.Run("r2", Picture())));
}

}  // namespace
}  // namespace phosphene
