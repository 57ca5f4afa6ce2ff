#include "server/embedded/embedded_model.h"

#include <gtest/gtest.h>

#include <set>

#include "phosphene/onnx/onnx.pb.h"
#include "server/models/model_rules.h"

namespace phosphene {
namespace {

TEST(EmbeddedModel, IsAWholeOnnxFileOfAtMostSixMegabytes) {
  phosphene::onnx::ModelProto model;
  EXPECT_LE(EmbeddedModelOnnx().size(), size_t{6} << 20);
  ASSERT_TRUE(
      model.ParseFromArray(EmbeddedModelOnnx().data(),
                           static_cast<int>(EmbeddedModelOnnx().size())));
  EXPECT_GT(model.graph().node_size(), 20);
  EXPECT_EQ(model.graph().input(0).name(), EmbeddedModelConfig().input());
}

TEST(EmbeddedModel, ItsSidecarIsSound) {
  const v1::ModelConfig& config = EmbeddedModelConfig();
  Faults faults;
  CheckModelConfig(config, "config", faults);
  EXPECT_TRUE(faults.empty()) << faults.ToStatus();
  const std::set<std::string> labels(config.labels().begin(),
                                     config.labels().end());
  EXPECT_EQ(labels.size(), 104u);
  EXPECT_EQ(labels.size(), static_cast<size_t>(config.labels_size()));
}

}  // namespace
}  // namespace phosphene
