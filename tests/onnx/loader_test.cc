#include "server/engine/onnx/loader.h"

#include <cmath>
#include <limits>
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
      if (!info.ok() || !CompileNetwork(*info, {(*info)->layers().back().name()}, {}).ok()) ++errors;
    }
  }
  EXPECT_GT(errors, 0);
}

TEST(LoaderTest, APictureIsNamedAsOne) {
  EXPECT_THAT(ErrorOf("\xff\xd8\xff\xe0 JFIF"), HasSubstr("it looks like a JPEG picture"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("empty"));
}

TEST(LoaderTest, AbsurdDimensionsAreRefusedBeforeAllocation) {
  NetBuilder net = OneConv();
  net.proto().mutable_graph()->mutable_initializer(0)->set_dims(0, int64_t{1} << 40);
  EXPECT_THAT(ErrorOf(net.Bytes()), AllOf(HasSubstr("c/weight"), HasSubstr("absurd dimensions")));
  net.proto().mutable_graph()->mutable_initializer(0)->set_dims(0, -4);
  EXPECT_THAT(ErrorOf(net.Bytes()), HasSubstr("absurd dimensions"));
}

TEST(LoaderTest, DataThatDoesNotFitItsDimensionsIsRefused) {
  NetBuilder net = OneConv();
  net.proto().mutable_graph()->mutable_initializer(0)->set_dims(0, 5);
  EXPECT_THAT(ErrorOf(net.Bytes()), AllOf(HasSubstr("c/weight"), HasSubstr("bytes where")));
}

TEST(LoaderTest, NanWeightsAreNamed) {
  NetBuilder net;
  at::Tensor weight = at::ones({2, 3, 1, 1});
  weight[1][0][0][0] = std::nan("");
  net.Weight("w", weight).Node("Conv", {"image", "w"}, "c").Output("c");
  EXPECT_THAT(ErrorOf(net.Bytes()), HasSubstr("tensor \"w\" holds NaN"));
}

TEST(LoaderTest, InfinityIsRefusedInWeightsOnly) {
  const at::Tensor infinite = at::full({1, 3, 1, 1}, -std::numeric_limits<float>::infinity());
  NetBuilder weight;
  weight.Weight("w", infinite).Node("Conv", {"image", "w"}, "c").Output("c");
  EXPECT_THAT(ErrorOf(weight.Bytes()), HasSubstr("tensor \"w\" holds infinity"));
  NetBuilder mask;
  mask.Weight("m", infinite).Node("Add", {"image", "m"}, "c").Output("c");
  EXPECT_EQ(ErrorOf(mask.Bytes()), "opened");
}

TEST(LoaderTest, CyclesAreNamed) {
  NetBuilder net;
  net.Node("Add", {"image", "b"}, "a").Relu("a", "b").Output("b");
  EXPECT_THAT(ErrorOf(net.Bytes()), AllOf(HasSubstr("cycle"), HasSubstr("Add node \"a\"")));
}

TEST(LoaderTest, MissingInputsAreNamed) {
  NetBuilder net;
  net.Node("Add", {"image", "nowhere"}, "a").Output("a");
  EXPECT_THAT(ErrorOf(net.Bytes()), HasSubstr("reads \"nowhere\", which nothing makes"));
}

TEST(LoaderTest, AValueMadeTwiceIsRefused) {
  NetBuilder net;
  net.Relu("image", "a").Relu("image", "a").Output("a");
  EXPECT_THAT(ErrorOf(net.Bytes()), HasSubstr("makes \"a\", which exists already"));
}

TEST(LoaderTest, NamesThatAreNoTextAreRefused) {
  NetBuilder net;
  net.Relu("image", "caf\xe9").Output("caf\xe9");
  EXPECT_THAT(ErrorOf(net.Bytes()), HasSubstr("node 0 has a name that is not UTF-8"));
}

TEST(LoaderTest, UnsupportedOperatorsAreAllNamedWithTheirNodes) {
  NetBuilder net;
  net.Node("Frobnicate", {"image"}, "a").Node("Warp", {"a"}, "b").Output("b");
  const auto info = OpenBytes(net.Bytes());
  EXPECT_EQ(info.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(info.status().message()),
              AllOf(HasSubstr("Frobnicate (node \"a\")"), HasSubstr("Warp (node \"b\")")));
}

TEST(LoaderTest, ExternalDataIsRefused) {
  NetBuilder net = OneConv();
  auto* tensor = net.proto().mutable_graph()->mutable_initializer(0);
  tensor->set_data_location(onnx::TensorProto::EXTERNAL);
  EXPECT_THAT(ErrorOf(net.Bytes()), HasSubstr("keeps its data in another file"));
}

TEST(LoaderTest, OpsetsOutOfRangeAreRefused) {
  NetBuilder net = OneConv();
  net.proto().mutable_opset_import(0)->set_version(99);
  EXPECT_THAT(ErrorOf(net.Bytes()), HasSubstr("opset 99"));
}

TEST(LoaderTest, AbsurdWindowsAreRefused) {
  NetBuilder net;
  net.Node("MaxPool", {"image"}, "p").Values("kernel_shape", {int64_t{1} << 40, 2}).Output("p");
  const auto info = net.Open();
  const auto network = CompileNetwork(info, {"p"}, {});
  EXPECT_EQ(network.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(network.status().message()), HasSubstr("MaxPool node \"p\""));
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
  EXPECT_EQ(net.Compile({"c"})->Forward(image).at("c")[0][0][0][0].item<float>(), 2.5f);
}

}  // namespace
}  // namespace phosphene
