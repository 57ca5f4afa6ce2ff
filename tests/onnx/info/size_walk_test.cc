#include "server/engine/onnx/info/size_walk.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/onnx/info/info.h"
#include "server/engine/onnx/info/trial.h"
#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

std::shared_ptr<const OpenedNetwork> Opened(const NetBuilder& net) {
  return std::dynamic_pointer_cast<const OpenedNetwork>(net.Open());
}

std::unique_ptr<SizeWalk> WalkOf(const OpenedNetwork& net) {
  return SizeWalk::Make(
      net.graph(), net.config().input(),
      Survey(net.graph(), net.config().input(), net.input_channels()));
}

// What the walk says fails is what fails when it is run.
void ExpectAsTried(const NetBuilder& builder) {
  const auto net = Opened(builder);
  const auto walk = WalkOf(*net);
  ASSERT_NE(walk, nullptr);
  const auto trial = Trial::Make(net->graph(), net->config().input(),
                                 net->input_channels(), net->cache());
  ASSERT_TRUE(trial.ok()) << trial.status();
  const auto names = [](const auto& failed) {
    std::vector<std::string> out;
    for (const auto& [name, why] : failed) out.push_back(name);
    return out;
  };
  for (const auto& [height, width] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 1}, {2, 3}, {7, 40}, {16, 16}, {31, 33}, {64, 64}, {65, 12}}) {
    const auto tried = (*trial)->At(1, height, width);
    ASSERT_TRUE(tried.ok()) << tried.status();
    EXPECT_EQ(names(walk->Failed(height, width)), names(tried->failed))
        << height << " x " << width;
  }
}

TEST(SizeWalkTest, AgreesWithTrialsOfGoogLeNetInSmall) {
  ExpectAsTried(SmallGoogLeNet());
}

TEST(SizeWalkTest, AgreesWithTrialsOfMatricesAndPlaces) {
  NetBuilder net;
  net.Conv("image", "a", 3, 4, 3, 2).Relu("a", "b");
  net.Weight("map", RandomTensor({1, 4, 8, 8}, 1))
      .Node("Add", {"b", "map"}, "placed")
      .Node("Flatten", {"placed"}, "flat")
      .Weight("matrix", RandomTensor({256, 5}, 2))
      .Node("Gemm", {"flat", "matrix"}, "classes")
      .Node("Softmax", {"classes"}, "shares")
      .Node("GlobalAveragePool", {"b"}, "gate")
      .Node("Mul", {"b", "gate"}, "gated")
      .Node("Concat", {"gated", "placed"}, "joined")
      .Int("axis", 1)
      .Output("shares")
      .Output("joined");
  ExpectAsTried(net);
}

TEST(SizeWalkTest, FollowsWhateverComesBehindOnePlace) {
  NetBuilder net;
  net.Conv("image", "a", 3, 4, 3)
      .Node("GlobalAveragePool", {"a"}, "pooled")
      .Weight("shape", at::tensor({int64_t{-1}, int64_t{4}}))
      .Node("Reshape", {"pooled", "shape"}, "flat")
      .Weight("matrix", RandomTensor({4, 5}, 2))
      .Node("MatMul", {"flat", "matrix"}, "classes")
      .Output("classes");
  ExpectAsTried(net);
}

TEST(SizeWalkTest, LeavesOtherOperatorsToATrial) {
  NetBuilder net;
  net.Conv("image", "a", 3, 4, 3)
      .Node("Transpose", {"a"}, "turned")
      .Values("perm", {0, 2, 3, 1})
      .Output("turned");
  EXPECT_EQ(WalkOf(*Opened(net)), nullptr);
}

TEST(SizeWalkTest, ReasonsNameTheNode) {
  NetBuilder net;
  net.Node("AveragePool", {"image"}, "pooled")
      .Values("kernel_shape", {7, 7})
      .Output("pooled");
  const auto opened = Opened(net);
  EXPECT_THAT(WalkOf(*opened)->Failed(20, 6).at("pooled"),
              ::testing::HasSubstr("AveragePool node \"pooled\" slides a "
                                   "window of 7 over a map of 6 x 20"));
}

}  // namespace
}  // namespace phosphene::onnx
