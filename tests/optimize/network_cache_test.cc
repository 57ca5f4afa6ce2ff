#include "server/engine/optimize/network_cache.h"

#include <gtest/gtest.h>

#include "server/engine/tensor/step_context.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tiny_onnx.h"

namespace phosphene {
namespace {

class NetworkCacheTest : public ::testing::Test {
 protected:
  NetworkCacheTest() {
    inputs_.open_model =
        [this](absl::string_view name) -> absl::StatusOr<ModelFile> {
      return ModelFile{std::string(name), TinyConfig(), nullptr, onnx_,
                       version_};
    };
  }
  std::shared_ptr<const Network> Get(const std::vector<std::string>& layers) {
    auto network = cache_.Compile(*cache_.Open("tiny"), layers, {});
    EXPECT_OK(network);
    return *std::move(network);
  }
  std::string onnx_ = TinyOnnx();
  std::string version_ = "1";
  EngineInputs inputs_;
  NetworkCache cache_{&inputs_};
};

TEST_F(NetworkCacheTest, AModelIsParsedOnceAVersion) {
  const auto first = cache_.Open("tiny"), second = cache_.Open("tiny");
  ASSERT_OK(first);
  EXPECT_EQ(first->info, second->info);
  version_ = "2";
  EXPECT_NE(cache_.Open("tiny")->info, first->info);
}

TEST_F(NetworkCacheTest, ANetworkIsUsedAgain) {
  const Network* const first = Get({"relu1", "relu2"}).get();
  EXPECT_EQ(Get({"relu2", "relu1"}).get(), first)
      << "the order of layers does not matter";
}

TEST_F(NetworkCacheTest, JobsAtOnceShareIt) {
  const auto a = Get({"relu2"}), b = Get({"relu2"});
  EXPECT_EQ(a, b);
  EXPECT_EQ(cache_.networks(), 1u);
}

TEST_F(NetworkCacheTest, OtherLayersOrOptionsAreAnotherNetwork) {
  const auto first = Get({"relu2"}), layers = Get({"relu1"});
  CompileOptions linear;
  linear.linear_relu = true;
  const auto options = cache_.Compile(*cache_.Open("tiny"), {"relu2"}, linear);
  ASSERT_OK(options);
  EXPECT_NE(layers, first);
  EXPECT_NE(*options, first);
}

TEST_F(NetworkCacheTest, OnlyTheIdleGoWhereThereIsNoRoom) {
  NetworkCache small(&inputs_, /*idle_bytes=*/0);
  const auto get = [&](const char* layer) {
    return *small.Compile(*small.Open("tiny"), {layer}, {});
  };
  const std::shared_ptr<const Network> used = get("relu1");
  get("relu2");
  EXPECT_EQ(small.networks(), 2u) << "in use while it was put in";
  get("conv1");
  EXPECT_EQ(small.networks(), 2u) << "relu2 had no user any more";
  EXPECT_EQ(get("relu1"), used);
}

TEST_F(NetworkCacheTest, WhatIsSharedIsNobodysMemory) {
  AllocationMeter meter;
  const StepContextScope scope({.redirect_relu = false, .meter = &meter});
  const auto network = Get({"relu2"});
  EXPECT_EQ(meter.held(), 0);
  const at::Tensor own = at::zeros({1000});
  EXPECT_GE(meter.held(), 4000);
}

TEST_F(NetworkCacheTest, ABrokenFileIsAnError) {
  onnx_ = onnx_.substr(0, onnx_.size() / 2);
  EXPECT_THAT(cache_.Open("tiny"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace phosphene
