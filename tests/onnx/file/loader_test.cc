#include "server/engine/onnx/file/loader.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/tensor/torch_pch.h"
#include "tests/onnx/net_builder.h"

namespace phosphene {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string ErrorOf(const std::string& bytes) {
  const auto info = OpenBytes(bytes);
  return info.ok() ? "opened" : std::string(info.status().message());
}

NetBuilder OneConv() {
  NetBuilder net;
  net.Conv("image", "c", 3, 4, 3).Relu("c", "r").Output("r");
  return net;
}

TEST(LoaderTest, AFileCutOffAnywhereIsAnErrorOrTheWholeGraph) {
  const std::string bytes = OneConv().Bytes();
  int opened = 0;
  for (size_t length = 0; length < bytes.size(); ++length) {
    opened += OpenBytes(bytes.substr(0, length)).ok() ? 1 : 0;
  }
  EXPECT_EQ(opened, 0);
}

TEST(LoaderTest, FlippedBitsNeverCrash) {
  const std::string bytes = OneConv().Bytes();
  int errors = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int bit : {0, 3, 7}) {
      std::string broken = bytes;
      broken[at] = static_cast<char>(broken[at] ^ (1 << bit));
      const auto info = OpenBytes(broken);
      if (!info.ok() ||
          !CompileNetwork(*info, {(*info)->layers().back().name()}, {}).ok())
        ++errors;
    }
  }
  EXPECT_GT(errors, 0);
}

TEST(LoaderTest, APictureIsNamedAsOne) {
  EXPECT_THAT(ErrorOf("\xff\xd8\xff\xe0 JFIF"),
              HasSubstr("it looks like a JPEG picture"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("empty"));
}

TEST(LoaderTest, AbsurdDimensionsAreRefusedBeforeAllocation) {
  NetBuilder net = OneConv();
  net.proto().mutable_graph()->mutable_initializer(0)->set_dims(
      0, int64_t{1} << 40);
  EXPECT_THAT(ErrorOf(net.Bytes()),
              AllOf(HasSubstr("c/weight"), HasSubstr("absurd dimensions")));
  net.proto().mutable_graph()->mutable_initializer(0)->set_dims(0, -4);
  EXPECT_THAT(ErrorOf(net.Bytes()), HasSubstr("absurd dimensions"));
}

TEST(LoaderTest, DataThatDoesNotFitItsDimensionsIsRefused) {
  NetBuilder net = OneConv();
  net.proto().mutable_graph()->mutable_initializer(0)->set_dims(0, 5);
  EXPECT_THAT(ErrorOf(net.Bytes()),
              AllOf(HasSubstr("c/weight"), HasSubstr("bytes where")));
}

TEST(LoaderTest, NanWeightsAreNamed) {
  NetBuilder net;
  at::Tensor weight = at::ones({2, 3, 1, 1});
  weight[1][0][0][0] = std::nan("");
  net.Weight("w", weight).Node("Conv", {"image", "w"}, "c").Output("c");
  EXPECT_THAT(ErrorOf(net.Bytes()), HasSubstr("tensor \"w\" holds NaN"));
}

TEST(LoaderTest, InfinityIsRefusedInWeightsOnly) {
  const at::Tensor infinite =
      at::full({1, 3, 1, 1}, -std::numeric_limits<float>::infinity());
  NetBuilder weight;
  weight.Weight("w", infinite).Node("Conv", {"image", "w"}, "c").Output("c");
  EXPECT_THAT(ErrorOf(weight.Bytes()),
              HasSubstr("tensor \"w\" holds infinity"));
  NetBuilder mask;
  mask.Weight("m", infinite).Node("Add", {"image", "m"}, "c").Output("c");
  EXPECT_EQ(ErrorOf(mask.Bytes()), "opened");
}

TEST(LoaderTest, CyclesAreNamed) {
  NetBuilder net;
  net.Node("Add", {"image", "b"}, "a").Relu("a", "b").Output("b");
  EXPECT_THAT(ErrorOf(net.Bytes()),
              AllOf(HasSubstr("cycle"), HasSubstr("Add node \"a\"")));
}

TEST(LoaderTest, MissingInputsAreNamed) {
  NetBuilder net;
  net.Node("Add", {"image", "nowhere"}, "a").Output("a");
  EXPECT_THAT(ErrorOf(net.Bytes()),
              HasSubstr("reads \"nowhere\", which nothing makes"));
}

TEST(LoaderTest, AValueMadeTwiceIsRefused) {
  NetBuilder net;
  net.Relu("image", "a").Relu("image", "a").Output("a");
  EXPECT_THAT(ErrorOf(net.Bytes()),
              HasSubstr("makes \"a\", which exists already"));
}

TEST(LoaderTest, NamesThatAreNoTextAreRefused) {
  NetBuilder net;
  net.Relu("image", "caf\xe9").Output("caf\xe9");
  EXPECT_THAT(ErrorOf(net.Bytes()),
              HasSubstr("node 0 has a name that is not UTF-8"));
  NetBuilder kept;
  kept.Relu("image", "(phosphene) x").Output("(phosphene) x");
  EXPECT_THAT(ErrorOf(kept.Bytes()), HasSubstr("rename it"));
}

TEST(LoaderTest, ExternalDataIsRefusedByItsPlaceWithAWayOut) {
  NetBuilder net = OneConv();
  auto* tensor = net.proto().mutable_graph()->mutable_initializer(0);
  tensor->set_data_location(onnx::TensorProto::EXTERNAL);
  auto* entry = tensor->add_external_data();
  entry->set_key("location");
  entry->set_value("net.onnx.data");
  EXPECT_THAT(
      ErrorOf(net.Bytes()),
      AllOf(HasSubstr("keeps its data in another file (\"net.onnx.data\")"),
            HasSubstr("models add")));
}

// A field of a message, as the wire has it.
std::string Field(int number, const std::string& content) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  size_t size = content.size();
  for (; size >= 128; size >>= 7) out += static_cast<char>(size | 128);
  return out + static_cast<char>(size) + content;
}

// A net with one large weight, whose data begins at a multiple of 4 bytes plus
// `shift`.
std::string LargeWeightAt(int shift) {
  for (int padding = 0; padding < 4; ++padding) {
    NetBuilder net;
    net.Weight("w", RandomTensor({64, 3, 5, 5}, 1))
        .Node("Conv", {"image", "w"}, "c")
        .Output("c");
    net.proto().set_producer_name(std::string(padding + 1, 'p'));
    const std::string bytes = net.Bytes();
    if (bytes.find(net.proto().graph().initializer(0).raw_data()) % 4 ==
        static_cast<size_t>(shift))
      return bytes;
  }
  return "";
}

bool Within(const void* pointer, const std::string& bytes) {
  return pointer >= bytes.data() && pointer < bytes.data() + bytes.size();
}

TEST(LoaderTest, LargeWeightsAreReadWhereTheyLieIfTheFileStays) {
  const auto bytes = std::make_shared<const std::string>(LargeWeightAt(0));
  ASSERT_EQ(reinterpret_cast<uintptr_t>(bytes->data()) % 4, 0u);
  absl::StatusOr<onnx::Graph> graph = onnx::LoadGraph({*bytes, bytes});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_TRUE(Within(graph->constants.at("w").const_data_ptr(), *bytes));
  EXPECT_GT(bytes.use_count(), 1);
  graph->constants.clear();
  EXPECT_EQ(bytes.use_count(), 1);
}

TEST(LoaderTest, WeightsThatAreNotAlignedOrMayGoAwayAreCopied) {
  const auto aligned = std::make_shared<const std::string>(LargeWeightAt(0));
  const auto odd = std::make_shared<const std::string>(LargeWeightAt(1));
  const at::Tensor expected = RandomTensor({64, 3, 5, 5}, 1);
  for (const onnx::ModelBytes& file :
       {onnx::ModelBytes{*aligned, nullptr}, onnx::ModelBytes{*odd, odd}}) {
    const absl::StatusOr<onnx::Graph> graph = onnx::LoadGraph(file);
    ASSERT_TRUE(graph.ok()) << graph.status();
    const at::Tensor weight = graph->constants.at("w");
    EXPECT_FALSE(Within(weight.const_data_ptr(), *aligned) ||
                 Within(weight.const_data_ptr(), *odd));
    EXPECT_TRUE(at::equal(weight, expected));
  }
}

TEST(LoaderTest, DataGivenTwiceIsRefused) {
  NetBuilder net;
  net.Weight("w", RandomTensor({64, 3, 5, 5}, 1))
      .Node("Conv", {"image", "w"}, "c")
      .Output("c");
  onnx::TensorProto small;
  small.set_raw_data("abcd");
  onnx::TensorProto large = net.proto().graph().initializer(0);
  net.proto().mutable_graph()->clear_initializer();
  // The graph once more, with one tensor whose data field is there twice.
  const std::string tensor =
      large.SerializeAsString() + small.SerializeAsString();
  EXPECT_THAT(ErrorOf(net.Bytes() + Field(7, Field(5, tensor))),
              HasSubstr("tensor \"w\" holds its data twice"));
}

TEST(LoaderTest, OpsetsOutOfRangeAreRefused) {
  NetBuilder net = OneConv();
  net.proto().mutable_opset_import(0)->set_version(99);
  EXPECT_THAT(ErrorOf(net.Bytes()), HasSubstr("opset 99"));
  net.proto().mutable_opset_import(0)->set_version(3);
  EXPECT_THAT(ErrorOf(net.Bytes()), HasSubstr("version_converter"));
  net.proto().clear_opset_import();
  net.proto().set_ir_version(2);
  EXPECT_THAT(ErrorOf(net.Bytes()), HasSubstr("opset 1 (IR version 2"));
}

TEST(LoaderTest, AnOpsetGivenTwiceIsOneIfItIsTheSame) {
  NetBuilder net = OneConv();
  net.proto().add_opset_import()->set_version(17);
  EXPECT_EQ(ErrorOf(net.Bytes()), "opened");
  net.proto().mutable_opset_import(1)->set_version(18);
  EXPECT_THAT(ErrorOf(net.Bytes()), HasSubstr("two opsets"));
}

TEST(LoaderTest, AbsurdWindowsAreRefused) {
  NetBuilder net;
  net.Node("MaxPool", {"image"}, "p")
      .Values("kernel_shape", {int64_t{1} << 40, 2})
      .Output("p");
  const auto info = OpenBytes(net.Bytes());
  EXPECT_EQ(info.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(info.status().message()),
              AllOf(HasSubstr("MaxPool node \"p\""), HasSubstr("allowed are")));
}

TEST(LoaderTest, HalfPrecisionWeightsAreRead) {
  NetBuilder net;
  auto* tensor = net.proto().mutable_graph()->add_initializer();
  tensor->set_name("w");
  for (int64_t dim : {1, 3, 1, 1}) tensor->add_dims(dim);
  tensor->set_data_type(onnx::TensorProto::FLOAT16);
  const at::Tensor half = at::tensor({0.5f, -2.f, 4.f}).to(at::kHalf);
  tensor->set_raw_data(half.const_data_ptr(), half.nbytes());
  net.Node("Conv", {"image", "w"}, "c").Output("c");
  const at::Tensor image = at::ones({1, 3, 2, 2});
  EXPECT_EQ(
      net.Compile({"c"})->Forward(image).at("c")[0][0][0][0].item<float>(),
      2.5f);
}

}  // namespace
}  // namespace phosphene
