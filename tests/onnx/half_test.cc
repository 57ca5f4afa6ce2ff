// Networks in half precision, as tools write them, compute in f32 what ONNX
// Runtime computes. make_half_nets.py made the files and the values.

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "server/base/mapped_file.h"
#include "server/engine/onnx/program/network.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {
namespace {

constexpr char kFolder[] = "tests/onnx/data/";

// The image of the script: (7c + 3y + 5x) mod 17 / 16.
at::Tensor Image() {
  const at::Tensor c = at::arange(3).view({3, 1, 1}),
                   y = at::arange(16).view({16, 1});
  return (c * 7 + y * 3 + at::arange(16) * 5)
      .remainder(17)
      .to(at::kFloat)
      .div(16)
      .unsqueeze(0);
}

ModelFile Open(const std::string& name) {
  ModelFile model;
  model.name = name;
  model.file = *MappedFile::Open(kFolder + name + ".onnx");
  model.onnx = model.file->data();
  model.config.set_range_hi(1);
  return model;
}

struct Values {
  std::vector<std::string> layers;
  std::vector<at::Tensor> numbers;  // the first ones
};

Values Expected(const std::string& name) {
  Values out;
  std::ifstream file(kFolder + name + ".values");
  for (std::string line; std::getline(file, line);) {
    std::stringstream words(line);
    std::string layer;
    std::vector<float> numbers;
    words >> layer;
    for (float number; words >> number;) numbers.push_back(number);
    out.layers.push_back(layer);
    out.numbers.push_back(at::tensor(numbers));
  }
  return out;
}

class HalfTest : public testing::TestWithParam<const char*> {};

TEST_P(HalfTest, LayersAreWhatOnnxRuntimeComputes) {
  const Values expected = Expected(GetParam());
  ASSERT_GE(expected.layers.size(), 6u);
  const auto info = OpenNetwork(Open(GetParam()), nullptr);
  ASSERT_TRUE(info.ok()) << info.status();
  const auto network = CompileNetwork(*info, expected.layers, {});
  ASSERT_TRUE(network.ok()) << network.status();
  const at::Tensor image = Image().requires_grad_(true);
  const auto values = (*network)->Forward(image);
  for (size_t i = 0; i < expected.layers.size(); ++i) {
    const at::Tensor& all = values.at(expected.layers[i]);
    EXPECT_EQ(all.scalar_type(), at::kFloat);
    const at::Tensor first =
        all.flatten().narrow(0, 0, expected.numbers[i].numel());
    // ONNX Runtime rounds to halves between nodes where the file says so.
    EXPECT_TRUE(at::allclose(first, expected.numbers[i], 5e-3, 2e-3))
        << expected.layers[i] << "\n"
        << first << "\n"
        << expected.numbers[i];
  }
  values.at("probability")[0][0].backward();
  EXPECT_GT(image.grad().abs().max().item<float>(), 0);
}

TEST_P(HalfTest, ModelsAddLooksIntoIt) {
  const ModelFile file = Open(GetParam());
  const auto report = InspectNetwork(file.onnx, file.config, "half.onnx");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GT(report->model.parameters(), 500);
}

INSTANTIATE_TEST_SUITE_P(Nets, HalfTest,
                         testing::Values("half_whole", "half_converted",
                                         "half_weights", "bfloat_weights"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace phosphene
