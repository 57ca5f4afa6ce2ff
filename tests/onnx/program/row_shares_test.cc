#include "server/engine/onnx/program/row_shares.h"

#include <gtest/gtest.h>

#include <atomic>

#include <ATen/Parallel.h>

#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

class RowSharesTest : public testing::Test {
 protected:
  void SetUp() override { at::set_num_threads(2); }
  void TearDown() override { at::set_num_threads(before_); }

 private:
  const int before_ = at::get_num_threads();
};

// How many threads there are may not decide which rows share a call.
TEST_F(RowSharesTest, AllRowsAreRunApartOnAnyNumberOfThreads) {
  for (const int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    EXPECT_EQ(RowsToShare(1), 0);
    EXPECT_EQ(RowsToShare(5), 5);
    const at::Tensor x = RandomTensor({5, 3}, 1);
    std::atomic<int64_t> most = 0, runs = 0;
    const Tensors values = RunInRowShares(x, [&](const at::Tensor& rows) {
      ++runs;
      if (rows.size(0) > most) most = rows.size(0);
      return Tensors{rows * 2};
    });
    EXPECT_EQ(runs, 5);
    EXPECT_EQ(most, 1);
    EXPECT_TRUE(at::equal(values[0], x * 2));
  }
}

// The law of a batch, through a whole network: values and gradients of a row
// are bit for bit those it has alone, whoever works on it.
class RowsOfANetwork : public RowSharesTest,
                       public testing::WithParamInterface<at::ScalarType> {};

TEST_P(RowsOfANetwork, AreWhatTheyAreAlone) {
  constexpr char kLayer[] = "inception_4a/output";
  CompileOptions options;
  options.dtype = GetParam();
  const auto network = SmallGoogLeNet().Compile({kLayer}, options);
  const auto run = [&](const at::Tensor& images) {
    const at::Tensor x = images.clone().requires_grad_(true);
    const at::Tensor y = network->Forward(x).at(kLayer);
    y.to(at::kFloat).pow(2).sum().backward();
    return std::make_pair(y.detach(), x.grad());
  };
  const at::Tensor images = RandomTensor({5, 3, 64, 64}, 3);
  const auto [values, gradients] = run(images);
  ASSERT_GT(gradients.abs().max().item<float>(), 0);
  for (int64_t row = 0; row < 5; ++row) {
    const auto [value, gradient] = run(images.narrow(0, row, 1));
    EXPECT_TRUE(at::equal(values.narrow(0, row, 1), value)) << "row " << row;
    EXPECT_TRUE(at::equal(gradients.narrow(0, row, 1), gradient))
        << "row " << row;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, RowsOfANetwork,
                         testing::Values(at::kFloat, at::kBFloat16));

TEST_F(RowSharesTest, AValueThatIgnoresTheRowsHasNoGradient) {
  const at::Tensor x = RandomTensor({4, 3}, 1).requires_grad_(true);
  const Tensors values =
      RunInRowShares(x, [](const at::Tensor& rows) -> Tensors {
        return {at::ones({rows.size(0), 2}), rows * 3};
      });
  EXPECT_FALSE(values[0].requires_grad());
  const at::Tensor gradient = torch::autograd::grad({values[1].sum()}, {x})[0];
  EXPECT_TRUE(at::equal(gradient, at::full({4, 3}, 3.0f)));
}

TEST_F(RowSharesTest, AThrowReachesTheCaller) {
  const auto run = [](const at::Tensor& rows) -> Tensors {
    TORCH_CHECK(false, "no such layer");
    return {rows};
  };
  EXPECT_THROW(RunInRowShares(at::ones({2, 3}), run), c10::Error);
  EXPECT_EQ(at::get_num_threads(), 2);
}

}  // namespace
}  // namespace phosphene::onnx
