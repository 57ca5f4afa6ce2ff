#include "server/engine/onnx/info/reach.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/mapped_file.h"
#include "server/engine/onnx/info/survey.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const NetworkInfo> Shared(const std::string& name) {
  const std::string path = "../shared/models/" + name + ".onnx";
  if (!std::filesystem::exists(path)) return nullptr;
  ModelFile file;
  file.name = name;
  file.file = *MappedFile::Open(path);
  file.onnx = file.file->data();
  return *OpenNetwork(file, nullptr);
}

// Rounded up to the stride, as cuts are.
void ExpectReach(const NetworkInfo& info, const std::string& layer,
                 int64_t stride, int64_t before, int64_t after) {
  const auto reach = info.ReachOf(*info.Resolve(layer));
  ASSERT_TRUE(reach.ok()) << reach.status();
  const auto up = [stride](int64_t pixels) {
    return (pixels + stride - 1) / stride * stride;
  };
  EXPECT_EQ(reach->stride, stride) << layer;
  EXPECT_EQ(up(reach->before), before) << layer;
  EXPECT_EQ(up(reach->after), after) << layer;
}

// By hand: conv 3x3 adds a pixel of its stride to either side, pool 2x2 one
// after.
TEST(ReachTest, OfVgg19) {
  const auto info = Shared("vgg19_to_block3");
  if (info == nullptr) GTEST_SKIP() << "the network is not there";
  ExpectReach(*info, "block1_relu1", 1, 1, 1);
  ExpectReach(*info, "block3_conv1", 4, 12, 12);
  ExpectReach(*info, "block3_relu2", 4, 16, 16);
  ExpectReach(*info, "block3_relu4", 4, 24, 24);
}

TEST(ReachTest, OfGoogLeNet) {
  const auto info = Shared("googlenet");
  if (info == nullptr) GTEST_SKIP() << "the network is not there";
  ExpectReach(*info, "inception_3b/output", 8, 40, 48);
  ExpectReach(*info, "inception_4a/output", 16, 80, 96);
  ExpectReach(*info, "inception_4c/output", 16, 144, 160);
  ExpectReach(*info, "inception_5b/output", 32, 352, 384);
  const auto all = info->ReachOf("loss3/classifier");
  EXPECT_THAT(all.status().message(),
              HasSubstr("GlobalAveragePool node \"pool5/7x7_s1\""));
}

}  // namespace

namespace onnx {
namespace {

Node Made(const std::string& op, std::vector<std::string> inputs,
          const std::string& output) {
  Node node;
  node.name = output;
  node.op = op;
  node.inputs = std::move(inputs);
  node.outputs = {output};
  return node;
}

void Ints(Node& node, const std::string& name, std::vector<int64_t> values) {
  node.attributes[name].type = Attribute::kInts;
  node.attributes[name].ints = std::move(values);
}

Graph Nothing() {
  Graph graph;
  graph.opset = 13;
  graph.constants["weight"] = at::zeros({4, 3, 3, 3});
  return graph;
}

TEST(ReachTest, WindowsMayBeStridedDilatedAndUneven) {
  Graph graph = Nothing();
  Node conv = Made("Conv", {"image", "weight"}, "wide");
  Ints(conv, "dilations", {2, 2});
  Ints(conv, "pads", {2, 2, 2, 2});
  Node pool = Made("MaxPool", {"wide"}, "small");
  Ints(pool, "kernel_shape", {3, 3});
  Ints(pool, "strides", {2, 2});
  graph.nodes = {conv, pool, Made("Relu", {"small"}, "y")};
  const Reach y = ReachOfValues(graph, "image").at("y").reach;
  // Position i sees 2i - 2 .. 2i + 2 + 2.
  EXPECT_EQ(y.stride, 2);
  EXPECT_EQ(y.before, 2);
  EXPECT_EQ(y.after, 3);
}

TEST(ReachTest, PaddingOfTheSameSizeCountsAtItsMost) {
  Graph graph = Nothing();
  Node conv = Made("Conv", {"image", "weight"}, "y");
  Ints(conv, "strides", {2, 2});
  conv.attributes["auto_pad"].type = Attribute::kString;
  conv.attributes["auto_pad"].s = "SAME_UPPER";
  graph.nodes = {conv};
  // An even size is padded by one after, an odd one by one on either side.
  const Reach y = ReachOfValues(graph, "image").at("y").reach;
  EXPECT_EQ(y.before, 1);
  EXPECT_EQ(y.after, 1);
}

TEST(ReachTest, ABorderMovesWhatIsSeen) {
  for (const char* mode : {"constant", "edge"}) {
    Graph graph = Nothing();
    graph.constants["pads"] =
        at::tensor(std::vector<int64_t>{0, 0, 1, 1, 0, 0, 1, 1});
    Node pad = Made("Pad", {"image", "pads"}, "padded");
    pad.attributes["mode"].type = Attribute::kString;
    pad.attributes["mode"].s = mode;
    graph.nodes = {pad, Made("Conv", {"padded", "weight"}, "y")};
    const Reach y = ReachOfValues(graph, "image").at("y").reach;
    EXPECT_EQ(y.before, 1) << mode;
    EXPECT_EQ(y.after, 1) << mode;
  }
}

// What lies behind a border of any kind keeps its strides, fields and sizes.
TEST(SurveyTest, ABorderAddsPlacesAndKeepsStrides) {
  Graph graph = Nothing();
  graph.constants["pads"] =
      at::tensor(std::vector<int64_t>{0, 0, 1, 2, 0, 0, 3, 4});
  Node conv = Made("Conv", {"padded", "weight"}, "y");
  Ints(conv, "strides", {2, 2});
  graph.nodes = {Made("Pad", {"image", "pads"}, "padded"), conv};
  const auto facts = Survey(graph, "image", 3);
  EXPECT_EQ(facts.at("padded").height, kSurveySize + 4);
  EXPECT_EQ(facts.at("padded").width, kSurveySize + 6);
  EXPECT_EQ(facts.at("padded").channels, 3);
  EXPECT_EQ(facts.at("padded").stride, 1);
  EXPECT_EQ(facts.at("y").stride, 2);
  EXPECT_EQ(facts.at("y").field, graph.constants.at("weight").size(2));
}

TEST(SurveyTest, ABorderOfChannelsIsNotFollowed) {
  Graph graph = Nothing();
  graph.constants["pads"] =
      at::tensor(std::vector<int64_t>{0, 1, 0, 0, 0, 0, 0, 0});
  graph.nodes = {Made("Pad", {"image", "pads"}, "padded")};
  EXPECT_EQ(Survey(graph, "image", 3).at("padded").stride, 0);
}

TEST(ReachTest, ABorderOfWhatLiesFartherInSeesAll) {
  Graph graph = Nothing();
  graph.constants["pads"] =
      at::tensor(std::vector<int64_t>{0, 0, 1, 1, 0, 0, 1, 1});
  Node pad = Made("Pad", {"image", "pads"}, "padded");
  pad.attributes["mode"].type = Attribute::kString;
  pad.attributes["mode"].s = "reflect";
  graph.nodes = {pad};
  EXPECT_EQ(ReachOfValues(graph, "image").at("padded").sees_all, Describe(pad));
}

TEST(ReachTest, WhatSeesEverythingIsNamedWhereItBegins) {
  Graph graph = Nothing();
  Node norm = Made("InstanceNormalization", {"image", "s", "b"}, "norm");
  graph.nodes = {norm, Made("Relu", {"norm"}, "y"),
                 Made("Mul", {"y", "image"}, "z")};
  const auto reach = ReachOfValues(graph, "image");
  for (const char* value : {"norm", "y", "z"})
    EXPECT_EQ(reach.at(value).sees_all, Describe(norm)) << value;
}

TEST(ReachTest, AMapAddedByPlaceIsNotTheSameEverywhere) {
  Graph graph = Nothing();
  graph.constants["map"] = at::zeros({1, 3, 8, 8});
  graph.constants["bias"] = at::zeros({1, 3, 1, 1});
  const Node map = Made("Add", {"image", "map"}, "m");
  graph.nodes = {map, Made("Add", {"image", "bias"}, "b")};
  const auto reach = ReachOfValues(graph, "image");
  EXPECT_EQ(reach.at("m").sees_all, Describe(map));
  EXPECT_EQ(reach.at("b").sees_all, "");
}

}  // namespace
}  // namespace onnx
}  // namespace phosphene
