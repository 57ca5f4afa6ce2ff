#include "server/engine/onnx/info/infer_config.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/faults.h"
#include "server/engine/onnx/file/loader.h"
#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

using testing::HasSubstr;

Graph GraphOf(const NetBuilder& net) { return *LoadGraph(net.Bytes()); }

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
  EXPECT_TRUE(CompleteConfig(GraphOf(net), &config, &notes).ok());
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
  const auto faults =
      FaultsOf(CompleteConfig(GraphOf(OneConv()), &config, nullptr));
  ASSERT_EQ(faults.size(), 3u);
  EXPECT_EQ(faults[0].field, "config.range_hi");
  EXPECT_EQ(faults[1].field, "config.mean");
  EXPECT_EQ(faults[2].field, "config.std");
}

TEST(InferConfigTest, AnUnknownInputIsAnsweredWithTheNearest) {
  v1::ModelConfig config;
  config.set_input("imag");
  const absl::Status status =
      CompleteConfig(GraphOf(OneConv()), &config, nullptr);
  EXPECT_THAT(std::string(status.message()), HasSubstr("nearest \"image\""));
}

TEST(InferConfigTest, ChannelsComeFromTheShapeOrTheFirstConvolution) {
  EXPECT_EQ(ImageChannels(GraphOf(OneConv()), "image"), 3);
  NetBuilder grey(17, {0, 0, 0, 0});
  grey.Conv("image", "c", 1, 4, 3).Output("c");
  EXPECT_EQ(ImageChannels(GraphOf(grey), "image"), 1);
}

}  // namespace
}  // namespace phosphene::onnx
