#include "server/engine/optimize/network_cache.h"

#include <gtest/gtest.h>

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
  NetworkLease Lease(const std::vector<std::string>& layers) {
    auto lease = cache_.Compile(*cache_.Open("tiny"), layers, {});
    EXPECT_OK(lease);
    return *std::move(lease);
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

TEST_F(NetworkCacheTest, ANetworkHandedBackIsUsedAgain) {
  const Network* first = nullptr;
  {
    const NetworkLease lease = Lease({"relu1", "relu2"});
    first = lease.get();
  }
  EXPECT_EQ(Lease({"relu2", "relu1"}).get(), first)
      << "the order of layers does not matter";
}

TEST_F(NetworkCacheTest, TwoAtOnceGetTheirOwn) {
  const NetworkLease a = Lease({"relu2"}), b = Lease({"relu2"});
  EXPECT_NE(a.get(), b.get());
}

TEST_F(NetworkCacheTest, OtherLayersOrOptionsAreAnotherNetwork) {
  const Network* first = Lease({"relu2"}).get();
  const NetworkLease layers = Lease({"relu1"});
  CompileOptions linear;
  linear.linear_relu = true;
  const auto options = cache_.Compile(*cache_.Open("tiny"), {"relu2"}, linear);
  ASSERT_OK(options);
  EXPECT_NE(layers.get(), first);
  EXPECT_NE(options->get(), first);
}

TEST_F(NetworkCacheTest, ABrokenFileIsAnError) {
  onnx_ = onnx_.substr(0, onnx_.size() / 2);
  EXPECT_THAT(cache_.Open("tiny"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace phosphene
