// Caffe's GoogLeNet against values that ONNX Runtime 1.32 (activations) and
// PyTorch 2.11 (gradient) gave for the same picture.

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/mapped_file.h"
#include "server/engine/onnx/program/network.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {
namespace {

using testing::HasSubstr;

constexpr char kFile[] = "../shared/models/googlenet.onnx";

class GoogLeNetTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kFile))
      GTEST_SKIP() << kFile << " is not there";
    file_.name = "googlenet";
    file_.file = *MappedFile::Open(kFile);
    file_.onnx = file_.file->data();
    auto info = OpenNetwork(file_, &notes_);
    ASSERT_TRUE(info.ok()) << info.status();
    info_ = *info;
  }

  std::unique_ptr<Network> Compile(const std::vector<std::string>& layers) {
    return *CompileNetwork(info_, layers, {});
  }

  // 0.5 + 0.5 sin(0.11 x (c+1) + 0.07 y)
  static at::Tensor Picture(int64_t height, int64_t width) {
    at::Tensor out = at::empty({1, 3, height, width});
    float* data = out.data_ptr<float>();
    for (int64_t c = 0; c < 3; ++c) {
      for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) {
          *data++ = static_cast<float>(
              0.5 + 0.5 * std::sin(0.11 * static_cast<double>(x * (c + 1)) +
                                   0.07 * static_cast<double>(y)));
        }
      }
    }
    return out;
  }

  ModelFile file_;
  std::vector<std::string> notes_;
  std::shared_ptr<const NetworkInfo> info_;
};

TEST_F(GoogLeNetTest, ConventionIsRecognisedAndSaid) {
  EXPECT_EQ(info_->config().channel_order(), v1::ModelConfig::BGR);
  EXPECT_EQ(info_->config().range_hi(), 255);
  ASSERT_EQ(notes_.size(), 1u);
  EXPECT_THAT(notes_[0], HasSubstr("Caffe"));
  EXPECT_EQ(info_->Logits(), "loss3/classifier");
}

TEST_F(GoogLeNetTest, ActivationsEqualOnnxRuntimes) {
  const auto out = Compile({"conv2/norm2", "inception_4c/output",
                            "inception_5b/output", "loss3/classifier"})
                       ->Forward(Picture(224, 224));
  const auto mean = [&](const char* layer) {
    return out.at(layer).abs().mean().item<float>();
  };
  EXPECT_NEAR(mean("conv2/norm2"), 9.9236937f, 1e-3);
  EXPECT_NEAR(mean("inception_4c/output"), 5.2859049f, 1e-3);
  EXPECT_NEAR(mean("inception_5b/output"), 0.5372977f, 1e-4);
  const at::Tensor logits = out.at("loss3/classifier");
  EXPECT_EQ(logits.argmax().item<int64_t>(), 767);
  EXPECT_NEAR(logits.max().item<float>(), 10.4947395f, 2e-3);
  const std::vector<float> expected = {-2.1966786f, -1.4375570f, 0.4595602f,
                                       4.2759552f, 2.6521420f};
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(logits[0][static_cast<int64_t>(200 * i)].item<float>(),
                expected[i], 2e-3);
  }
}

TEST_F(GoogLeNetTest, AnySizeRuns) {
  const auto out = Compile({"inception_4c/output", "loss3/classifier"})
                       ->Forward(Picture(131, 187));
  EXPECT_EQ(out.at("inception_4c/output").sizes().vec(),
            (std::vector<int64_t>{1, 512, 8, 11}));
  EXPECT_NEAR(out.at("inception_4c/output").abs().mean().item<float>(),
              6.3802185f, 1e-3);
  EXPECT_NEAR(out.at("loss3/classifier").max().item<float>(), 11.9763670f,
              2e-3);
}

TEST_F(GoogLeNetTest, InputGradientEqualsPyTorchs) {
  const at::Tensor x = Picture(224, 224).requires_grad_(true);
  const at::Tensor y =
      Compile({"inception_4c/output"})->Forward(x).at("inception_4c/output");
  const at::Tensor objective = y.square().mean();
  const at::Tensor g =
      torch::autograd::grad({objective}, {x})[0].contiguous().view(-1);
  EXPECT_NEAR(objective.item<float>(), 195.22728f, 1e-2);
  EXPECT_NEAR(g.norm().item<float>(), 76.845741f, 1e-2);
  const std::vector<float> expected = {0.02489069f, 0.03481388f,  -0.13584507f,
                                       0.04562055f, -0.09749455f, 0.02797081f};
  for (size_t i = 0; i < expected.size(); ++i) {
    const int64_t at = static_cast<int64_t>(i) * (g.numel() / 6);
    EXPECT_NEAR(g[at].item<float>(), expected[i], 1e-4);
  }
}

TEST_F(GoogLeNetTest, SelfCheckIsQuietWithTheRightRangeAndSpeaksWithAWrongOne) {
  const auto right = InspectNetwork(file_.onnx, {}, kFile);
  ASSERT_TRUE(right.ok()) << right.status();
  EXPECT_EQ(right->model.notes_size(), 1);
  EXPECT_EQ(right->model.layer_count(), 142 + 9);
  v1::ModelConfig wrong;
  wrong.set_range_hi(1);
  const auto report = InspectNetwork(file_.onnx, wrong, kFile);
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_GE(report->model.notes_size(), 1);
  EXPECT_THAT(report->model.notes(0), HasSubstr("--range 0,255"));
}

}  // namespace
}  // namespace phosphene
