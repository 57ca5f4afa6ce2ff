#include "server/engine/optimize/torch_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/optimize/tiny_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::Contains;

TEST(TorchEngine, CapabilitiesNameWhatIsBuiltIn) {
  TinyEngine tiny;
  const v1::Capabilities built = tiny.engine().Capabilities();
  EXPECT_FALSE(built.version().empty());
  EXPECT_FALSE(built.libtorch_version().empty());
  EXPECT_THAT(built.parameterizations(), Contains("fourier"));
  EXPECT_THAT(built.objectives(), Contains("channel"));
  EXPECT_THAT(built.transforms(), Contains("jitter"));
  EXPECT_THAT(built.optimizers(), Contains("adam"));
  EXPECT_THAT(built.outputs(), Contains("animated_webp"));
  EXPECT_GT(built.onnx_ops_size(), 10);
  EXPECT_GT(built.limits().max_canvas_pixels(), 1 << 24);
}

TEST(TorchEngine, RunChecksAgain) {
  TinyEngine tiny;
  EXPECT_THAT(tiny.Run(TinySpec("steps: -5")),
              StatusIs(absl::StatusCode::kInvalidArgument, "spec.steps"));
}

TEST(TorchEngine, AnUnknownDeviceIsRefused) {
  TinyEngine tiny;
  RunRequest request;
  request.spec = TinySpec();
  request.device = "cuda:99";
  RecordingSink sink;
  EXPECT_THAT(tiny.engine().Run(request, sink, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "cuda:99"));
}

TEST(TorchEngine, BytesThatAreNoNetworkAreRefused) {
  TinyEngine tiny;
  EXPECT_THAT(
      tiny.engine().Inspect("\xFF\xD8\xFF not a network", {}, "photo.onnx"),
      StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(TorchEngine, InspectListsTheLayers) {
  TinyEngine tiny;
  ASSERT_OK_AND_ASSIGN(
      const ModelReport report,
      tiny.engine().Inspect(TinyOnnx(), TinyConfig(), "tiny.onnx"));
  EXPECT_EQ(report.model.input_channels(), 3);
  std::vector<std::string> names;
  for (const v1::Layer& layer : report.layers) names.push_back(layer.name());
  EXPECT_THAT(names, Contains("relu2"));
}

// Two devices' slots call Run at once; neither sees the other.
TEST(TorchEngine, RunsSideBySideAgreeWithRunsAlone) {
  TinyEngine tiny;
  const v1::JobSpec specs[] = {TinySpec("seed: 1"), TinySpec("seed: 2")};
  std::string alone[2], beside[2];
  for (int i = 0; i < 2; ++i) alone[i] = tiny.Run(specs[i])->artifacts[0].bytes;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back(
          [&, i] { beside[i] = tiny.Run(specs[i])->artifacts[0].bytes; });
    }
  }
  EXPECT_EQ(beside[0], alone[0]);
  EXPECT_EQ(beside[1], alone[1]);
}

TEST(TorchEngine, NegativeThreadsAreRefused) {
  TorchEngineOptions options;
  options.threads = -1;
  EXPECT_THAT(MakeTorchEngine({}, options),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace phosphene
