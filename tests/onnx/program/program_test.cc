#include "server/engine/onnx/program/program.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "server/engine/onnx/file/loader.h"
#include "server/engine/tensor/torch_pch.h"
#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

// Value and gradient of sum(layer * noise) in double precision.
class DoubleRun {
 public:
  DoubleRun(const NetBuilder& net, const std::string& layer) {
    OpOptions options;
    options.float_type = at::kDouble;
    graph_ = *LoadGraph(net.Bytes());
    program_ = *Program::Compile(graph_, {"image"}, {layer}, options, &cache_);
  }
  at::Tensor Value(const at::Tensor& x) const {
    const at::Tensor y = program_->Run({x})[0];
    return (y * RandomTensor(y.sizes().vec(), 5, -1, 1)).sum();
  }
  at::Tensor Gradient(const at::Tensor& x) const {
    const at::Tensor leaf = x.clone().requires_grad_(true);
    return torch::autograd::grad({Value(leaf)}, {leaf})[0];
  }

 private:
  Graph graph_;
  WeightCache cache_;
  std::unique_ptr<Program> program_;
};

TEST(ProgramTest, GradientInDoubleEqualsFiniteDifferences) {
  const DoubleRun run(SmallGoogLeNet(), "inception_4a/output");
  const at::Tensor image = RandomTensor({2, 3, 48, 48}, 7).to(at::kDouble);
  const at::Tensor gradient = run.Gradient(image);
  for (uint64_t seed : {11, 12, 13}) {
    const at::Tensor direction =
        RandomTensor(image.sizes().vec(), seed, -1, 1).to(at::kDouble);
    const double h = 1e-7;
    const double numeric =
        ((run.Value(image + h * direction) - run.Value(image - h * direction)) /
         (2 * h))
            .item<double>();
    const double analytic = (gradient * direction).sum().item<double>();
    EXPECT_NEAR(numeric, analytic, 1e-5 * std::abs(analytic) + 1e-5);
  }
}

// The f32 kernels and fused convolutions against the plain double path.
TEST(ProgramTest, F32GradientEqualsThatInDouble) {
  const NetBuilder net = SmallGoogLeNet();
  const at::Tensor image = RandomTensor({2, 3, 48, 48}, 7);
  const at::Tensor exact =
      DoubleRun(net, "inception_4a/output").Gradient(image.to(at::kDouble));
  const at::Tensor x = image.clone().requires_grad_(true);
  const at::Tensor y = net.Compile({"inception_4a/output"})
                           ->Forward(x)
                           .at("inception_4a/output");
  const at::Tensor own = torch::autograd::grad(
      {y}, {x}, {RandomTensor(y.sizes().vec(), 5, -1, 1)})[0];
  EXPECT_LT((own - exact).norm().item<double>(),
            1e-4 * exact.norm().item<double>());
}

TEST(ProgramTest, ConstantsAreFoldedIntoTheGraph) {
  NetBuilder net;
  net.Weight("two", at::full({1}, 2.0f)).Weight("three", at::full({1}, 3.0f));
  net.Node("Add", {"two", "three"}, "five")
      .Node("Add", {"image", "five"}, "sum")
      .Output("sum");
  const at::Tensor image = at::zeros({1, 3, 2, 2});
  EXPECT_EQ(net.Compile({"sum"})->Forward(image).at("sum").max().item<float>(),
            5);
}

TEST(ProgramTest, ErrorsNameTheNode) {
  const auto network = SmallGoogLeNet().Compile({"inception_5b/output"});
  try {
    network->Forward(at::zeros({1, 3, 2, 2}));
    FAIL() << "an image of 2 x 2 went through";
  } catch (const c10::Error& e) {
    const std::string message = e.what_without_backtrace();
    EXPECT_NE(message.find("node \"pool1/3x3_s2\""), std::string::npos)
        << message;
  }
}

}  // namespace
}  // namespace phosphene::onnx
