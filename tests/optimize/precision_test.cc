#include "server/engine/optimize/precision.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "tests/support/status_matchers.h"
#include "tests/support/tiny_onnx.h"

namespace phosphene {
namespace {

// A file of its own in the test's folder.
std::string FreshFile(const std::string& name) {
  const std::string path = ::testing::TempDir() + "/" + name;
  std::filesystem::remove(path);
  return path;
}

TEST(FasterWithinTolerance, Bf16MustBeClearlyFasterAndClose) {
  EXPECT_EQ(FasterWithinTolerance({100, 50, .01}), at::kBFloat16);
  EXPECT_EQ(FasterWithinTolerance({100, 95, .01}), at::kFloat)
      << "a gain noise could fake";
  EXPECT_EQ(FasterWithinTolerance({100, 200, .01}), at::kFloat);
  EXPECT_EQ(FasterWithinTolerance({100, 50, .2}), at::kFloat) << "too far off";
  EXPECT_EQ(FasterWithinTolerance({100, 50, std::nan("")}), at::kFloat);
}

TEST(PrecisionMemory, TheFirstChoiceHolds) {
  PrecisionMemory memory("");
  EXPECT_FALSE(memory.Find("a").has_value());
  EXPECT_EQ(memory.Remember("a", at::kBFloat16), at::kBFloat16);
  EXPECT_EQ(memory.Remember("a", at::kFloat), at::kBFloat16);
  EXPECT_EQ(memory.Find("a"), at::kBFloat16);
}

TEST(PrecisionMemory, OutlivesItsProcessInAFile) {
  const std::string file = FreshFile("precision_memory");
  {
    PrecisionMemory memory(file);
    memory.Remember("a cpu|net@1|relu1,relu2", at::kBFloat16);
    memory.Remember("b", at::kFloat);
  }
  const PrecisionMemory later(file);
  EXPECT_EQ(later.Find("a cpu|net@1|relu1,relu2"), at::kBFloat16);
  EXPECT_EQ(later.Find("b"), at::kFloat);
}

TEST(PrecisionMemory, AFileOfNonsenseCountsAsEmpty) {
  const std::string file = FreshFile("precision_nonsense");
  std::ofstream(file) << "fp64\ta\n\n\x89PNG\nbf16";
  EXPECT_FALSE(PrecisionMemory(file).Find("a").has_value());
}

TEST(PrecisionMemory, AFolderThatIsNotThereIsNoError) {
  PrecisionMemory memory("/nonexistent/folder/precision");
  EXPECT_EQ(memory.Remember("a", at::kFloat), at::kFloat);
}

TEST(TryPrecisions, MeasuresBothAndTheirDistance) {
  const std::string onnx = TinyOnnx();
  EngineInputs inputs;
  inputs.open_model = [&onnx](absl::string_view) -> absl::StatusOr<ModelFile> {
    return ModelFile{"tiny", TinyConfig(), nullptr, onnx, "1"};
  };
  NetworkCache networks(&inputs);
  ASSERT_OK_AND_ASSIGN(const OpenedModel model, networks.Open("tiny"));
  ASSERT_OK_AND_ASSIGN(const PrecisionTrial trial,
                       TryPrecisions(networks, model, {"relu2"}, {}, 32, 32));
  EXPECT_GT(trial.fp32_ms, 0);
  EXPECT_GT(trial.bf16_ms, 0);
  EXPECT_GT(trial.error, 0);
  EXPECT_LT(trial.error, .05);
}

}  // namespace
}  // namespace phosphene
