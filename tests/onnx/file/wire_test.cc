#include "server/engine/onnx/file/wire.h"

#include <gtest/gtest.h>

#include <string>

#include "phosphene/onnx/onnx.pb.h"

namespace phosphene::onnx {
namespace {

std::string ModelWithNodes(int count) {
  ModelProto model;
  for (int i = 0; i < count; ++i)
    model.mutable_graph()->add_node()->set_op_type("Relu");
  return model.SerializeAsString();
}

TEST(WireTest, AWholeModelPasses) {
  EXPECT_TRUE(CheckWire(ModelWithNodes(10)).ok());
  EXPECT_TRUE(CheckWire("").ok());
}

TEST(WireTest, AModelCutOffAnywhereInAMessageIsRefused) {
  const std::string bytes = ModelWithNodes(3);
  // The graph is one field that begins at byte 0: every proper prefix cuts it.
  for (size_t length = 1; length < bytes.size(); ++length) {
    EXPECT_FALSE(CheckWire(bytes.substr(0, length)).ok()) << length;
  }
}

TEST(WireTest, MorePartsThanANetworkHasAreRefusedByTheirNumber) {
  const absl::Status status =
      CheckWire(ModelWithNodes(kMaxParts / 2 + 1)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find(std::to_string(kMaxParts)),
            std::string::npos)
      << status;
}

TensorProto* AddTensor(ModelProto* model, const std::string& raw) {
  TensorProto* tensor = model->mutable_graph()->add_initializer();
  tensor->set_name("w");
  tensor->set_raw_data(raw);
  return tensor;
}

ModelProto ParsedSkeleton(const std::string& bytes) {
  ModelProto model;
  EXPECT_TRUE(model.ParseFromString(MakeSkeleton(bytes)));
  return model;
}

TEST(WireTest, ASkeletonTellsWhereLargeDataLies) {
  ModelProto model;
  const std::string large(kMappedFromBytes, 'a'),
      small(kMappedFromBytes - 1, 'b');
  AddTensor(&model, large);
  AddTensor(&model, small);
  *model.mutable_graph()->add_node()->add_attribute()->mutable_t() =
      model.graph().initializer(0);
  const std::string bytes = model.SerializeAsString();
  EXPECT_TRUE(*CheckWire(bytes));
  const ModelProto read = ParsedSkeleton(bytes);
  for (const TensorProto& tensor :
       {read.graph().initializer(0), read.graph().node(0).attribute(0).t()}) {
    EXPECT_FALSE(tensor.has_raw_data());
    const auto place = RawDataPlace(tensor);
    ASSERT_TRUE(place.has_value());
    EXPECT_EQ(bytes.substr(place->offset, place->size), large);
  }
  EXPECT_EQ(read.graph().initializer(1).raw_data(), small);
  EXPECT_FALSE(RawDataPlace(read.graph().initializer(1)).has_value());
}

TEST(WireTest, ASkeletonHoldsAllElse) {
  ModelProto model;
  model.set_producer_name("someone");
  model.mutable_graph()->add_node()->add_attribute()->add_ints(-1);
  AddTensor(&model, std::string(kMappedFromBytes, 'a'));
  model.mutable_graph()->add_output()->set_name("out");
  ModelProto read = ParsedSkeleton(model.SerializeAsString());
  read.mutable_graph()->clear_initializer();
  model.mutable_graph()->clear_initializer();
  EXPECT_EQ(read.SerializeAsString(), model.SerializeAsString());
}

TEST(WireTest, WithoutLargeDataTheFileIsItsOwnSkeleton) {
  EXPECT_FALSE(*CheckWire(ModelWithNodes(10)));
}

TEST(WireTest, AFileCannotForgeAPlace) {
  ModelProto large;
  AddTensor(&large, std::string(kMappedFromBytes, 'a'));
  const ModelProto skeleton = ParsedSkeleton(large.SerializeAsString());
  ASSERT_TRUE(RawDataPlace(skeleton.graph().initializer(0)).has_value());
  const std::string forged = skeleton.SerializeAsString();
  EXPECT_TRUE(*CheckWire(forged));
  EXPECT_FALSE(
      RawDataPlace(ParsedSkeleton(forged).graph().initializer(0)).has_value());
}

}  // namespace
}  // namespace phosphene::onnx
