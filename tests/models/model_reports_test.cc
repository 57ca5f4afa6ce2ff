#include "server/models/model_reports.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "server/models/file_model_catalog.h"
#include "server/storage/blob_store.h"
#include "tests/support/fake_engine.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

using absl::StatusCode;

// Finds as many layers as the file has bytes; refuses the file "broken".
class LookingEngine : public FakeEngine {
 public:
  absl::StatusOr<ModelReport> Inspect(absl::string_view onnx,
                                      const v1::ModelConfig& config,
                                      absl::string_view source_file) override {
    ++looks;
    if (onnx == "broken") return absl::InvalidArgumentError("cut short");
    ModelReport report;
    report.model.set_opset(17);
    *report.model.mutable_config() = config;
    report.layers.resize(onnx.size());
    return report;
  }
  std::atomic<int> looks = 0;
};

class ModelReportsTest : public testing::Test {
 protected:
  void Write(const std::string& file, const std::string& text) {
    std::ofstream(dir_.path() + "/" + file) << text;
  }

  TempDir dir_;
  std::unique_ptr<BlobStore> blobs_ = OpenBlobStore("memory", {}).value();
  std::unique_ptr<FileModelCatalog> catalog_ =
      FileModelCatalog::Create(dir_.path(), *blobs_).value();
  LookingEngine engine_;
  ModelReports reports_{*catalog_, engine_};
};

TEST_F(ModelReportsTest, ANetworkIsLookedAtOnceUntilItChanges) {
  Write("net.onnx", "four");
  EXPECT_EQ(reports_.Report("net").value()->layers.size(), 4u);
  EXPECT_EQ(reports_.Report("models/net").value()->layers.size(), 4u);
  EXPECT_EQ(engine_.looks, 1);
  Write("net.onnx", "longer");
  EXPECT_EQ(reports_.Report("net").value()->layers.size(), 6u);
  EXPECT_EQ(engine_.looks, 2);
}

TEST_F(ModelReportsTest, FactsTheCatalogLacksComeFromTheEngine) {
  ASSERT_OK_AND_ASSIGN(const v1::Model model,
                       reports_.Describe("phosphene-tiny"));
  EXPECT_EQ(model.name(), "models/phosphene-tiny");
  EXPECT_EQ(model.opset(), 17);
  EXPECT_TRUE(model.embedded());
  EXPECT_GT(model.size_bytes(), 1000);
}

TEST_F(ModelReportsTest, WhatALookFoundIsRememberedOverARestart) {
  ASSERT_OK(reports_.Describe("phosphene-tiny"));
  const auto catalog = FileModelCatalog::Create(dir_.path(), *blobs_).value();
  ModelReports reports(*catalog, engine_);
  ASSERT_OK_AND_ASSIGN(const v1::Model model,
                       reports.Describe("phosphene-tiny"));
  EXPECT_EQ(model.opset(), 17);
  EXPECT_GT(model.config().labels_size(), 0);
  EXPECT_EQ(engine_.looks, 1);
}

TEST_F(ModelReportsTest, ANetworkThatDoesNotLoadIsDescribedWithTheReason) {
  Write("net.onnx", "broken");
  EXPECT_THAT(reports_.Report("net"), StatusIs(StatusCode::kInvalidArgument,
                                               "model \"net\": cut short"));
  ASSERT_OK_AND_ASSIGN(const v1::Model model, reports_.Describe("net"));
  ASSERT_EQ(model.notes_size(), 1);
  EXPECT_THAT(model.notes(0), testing::HasSubstr("cut short"));
}

TEST_F(ModelReportsTest, AnUnknownNameIsNotFound) {
  EXPECT_THAT(reports_.Describe("net"), StatusIs(StatusCode::kNotFound));
}

}  // namespace
}  // namespace phosphene
