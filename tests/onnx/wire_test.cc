#include "server/engine/onnx/wire.h"

#include <gtest/gtest.h>

#include <string>

#include "phosphene/onnx/onnx.pb.h"

namespace phosphene::onnx {
namespace {

std::string ModelWithNodes(int count) {
  ModelProto model;
  for (int i = 0; i < count; ++i) model.mutable_graph()->add_node()->set_op_type("Relu");
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
  const absl::Status status = CheckWire(ModelWithNodes(kMaxParts / 2 + 1));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find(std::to_string(kMaxParts)), std::string::npos)
      << status;
}

}  // namespace
}  // namespace phosphene::onnx
