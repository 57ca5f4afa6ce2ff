#include "server/engine/onnx/info/infer_config.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/faults.h"
#include "server/engine/onnx/adapt/adapt.h"
#include "server/engine/onnx/file/loader.h"
#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

using testing::HasSubstr;

// Canonical, its input named in `config`.
Graph GraphOf(const NetBuilder& net, v1::ModelConfig* config) {
  Graph graph = *LoadGraph(net.Bytes());
  const auto adapted = Adapt(config, &graph, nullptr);
  EXPECT_TRUE(adapted.ok()) << adapted.status();
  return graph;
}

NetBuilder OneConv(const std::string& output = "c",
                   const std::string& producer = "") {
  NetBuilder net;
  net.Conv("image", output, 3, 4, 3).Output(output);
  net.proto().set_producer_name(producer);
  return net;
}

v1::ModelConfig Complete(const NetBuilder& net, v1::ModelConfig config,
                         std::string* note = nullptr) {
  std::vector<std::string> notes;
  const Graph graph = GraphOf(net, &config);
  EXPECT_TRUE(CompleteConfig(graph, &config, &notes).ok());
  if (note != nullptr && !notes.empty()) *note = notes[0];
  return config;
}

TEST(InferConfigTest, ConventionsFollowWhoWroteTheFile) {
  std::string note;
  const v1::ModelConfig caffe =
      Complete(OneConv("c", "caffe_to_onnx"), {}, &note);
  EXPECT_EQ(caffe.channel_order(), v1::ModelConfig::BGR);
  EXPECT_EQ(caffe.range_hi(), 255);
  EXPECT_EQ(caffe.mean(0), 104);
  EXPECT_THAT(note, HasSubstr("--range"));
  const v1::ModelConfig keras = Complete(OneConv("block1_conv1"), {});
  EXPECT_EQ(keras.mean(0), 103.939);
  const v1::ModelConfig torch = Complete(OneConv("c", "pytorch"), {});
  EXPECT_EQ(torch.channel_order(), v1::ModelConfig::RGB);
  EXPECT_EQ(torch.std(2), .225);
  EXPECT_EQ(
      Complete(OneConv("/visual/conv1/Conv_output_0", "pytorch"), {}).mean(1),
      .4578275);
}

TEST(InferConfigTest, UnknownOriginIsSaid) {
  std::string note;
  const v1::ModelConfig config = Complete(OneConv(), {}, &note);
  EXPECT_EQ(config.range_hi(), 1);
  EXPECT_EQ(config.input(), "image");
  EXPECT_THAT(note, HasSubstr("unknown origin"));
}

TEST(InferConfigTest, WhatIsStatedStaysAndTheRestIsDefault) {
  v1::ModelConfig config;
  config.set_range_hi(255);
  const v1::ModelConfig completed = Complete(OneConv("c", "pytorch"), config);
  EXPECT_EQ(completed.range_hi(), 255);
  ASSERT_EQ(completed.mean_size(), 1);
  EXPECT_EQ(completed.mean(0), 0);
  EXPECT_EQ(completed.std(0), 1);
}

TEST(InferConfigTest, FaultsNameTheirFields) {
  v1::ModelConfig config;
  config.set_range_hi(0);
  config.add_mean(1);
  config.add_mean(2);
  config.add_std(0);
  const Graph graph = GraphOf(OneConv(), &config);
  const auto faults = FaultsOf(CompleteConfig(graph, &config, nullptr));
  ASSERT_EQ(faults.size(), 3u);
  EXPECT_EQ(faults[0].field, "config.range_hi");
  EXPECT_EQ(faults[1].field, "config.mean");
  EXPECT_EQ(faults[2].field, "config.std");
}

NetBuilder Noted(const std::string& key, const std::string& value) {
  NetBuilder net = OneConv("c", "pytorch");
  auto* entry = net.proto().add_metadata_props();
  entry->set_key(key);
  entry->set_value(value);
  return net;
}

TEST(InferConfigTest, TheFilesOwnNotesCountBeforeWhoWroteIt) {
  NetBuilder net = Noted("author", "Ultralytics");
  auto* names = net.proto().add_metadata_props();
  names->set_key("names");
  names->set_value("{0: 'person', 1: 'bicycle'}");
  const v1::ModelConfig yolo = Complete(net, {});
  EXPECT_EQ(yolo.mean(0), 0);
  EXPECT_EQ(yolo.range_hi(), 1);
  ASSERT_EQ(yolo.labels_size(), 2);
  EXPECT_EQ(yolo.labels(1), "bicycle");
  const v1::ModelConfig image =
      Complete(Noted("Image.BitmapPixelFormat", "Bgr8"), {});
  EXPECT_EQ(image.channel_order(), v1::ModelConfig::BGR);
  EXPECT_EQ(image.range_hi(), 255);
  v1::ModelConfig own;
  own.add_labels("mine");
  EXPECT_EQ(Complete(net, own).labels_size(), 1);
}

TEST(InferConfigTest, ANetworkThatScalesImagesItselfTakesWhatItScales) {
  for (const auto& [factor, hi] :
       {std::pair{1 / 255.0, 255.0}, {1 / 127.5, 255.0}, {4.4, 1.0}}) {
    NetBuilder net;
    net.Weight("k", at::scalar_tensor(factor, at::kFloat));
    net.Weight("m", at::scalar_tensor(0.1, at::kFloat));
    net.Node("Mul", {"image", "k"}, "scaled").Node("Sub", {"scaled", "m"}, "s");
    net.Conv("s", "c", 3, 4, 3).Output("c");
    net.proto().set_producer_name("pytorch");
    const v1::ModelConfig config = Complete(net, {});
    EXPECT_EQ(config.range_hi(), hi) << factor;
    EXPECT_EQ(config.mean(0), 0) << factor;
  }
}

TEST(InferConfigTest, FamiliesAreKnownByTheNamesOfTheirWeights) {
  const auto with = [](const std::string& value) {
    return Complete(OneConv(value, "pytorch"), {});
  };
  EXPECT_EQ(with("vit.embeddings.patch").std(0), .5);
  EXPECT_EQ(with("fastvit.embeddings.patch").std(0), .229);
  EXPECT_EQ(with("/model.0/conv/Conv_output_0").std(0), 1);
  EXPECT_EQ(Complete(OneConv("m/block1_conv1/x"), {}).mean(0), 103.939);
  EXPECT_EQ(Complete(OneConv("m/block2_sepconv1/x"), {}).range_lo(), -1);
}

}  // namespace
}  // namespace phosphene::onnx
