#include "server/engine/onnx/ops/shared/product.h"

#include <gtest/gtest.h>

#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

double Difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

// Value, and the gradient that a fixed cotangent sends back to each input.
Tensors ValueAndGradients(const std::function<at::Tensor(const Tensors&)>& fn,
                          const Tensors& in) {
  Tensors leaves;
  for (const at::Tensor& x : in)
    leaves.push_back(x.detach().requires_grad_(true));
  const at::Tensor y = fn(leaves);
  Tensors out = torch::autograd::grad(
      {y}, leaves, {RandomTensor(y.sizes().vec(), 9, -1, 1)});
  out.insert(out.begin(), y.detach());
  return out;
}

struct Sides {
  int64_t m, k, n;
};

class BatchedProductTest : public testing::TestWithParam<Sides> {};

TEST_P(BatchedProductTest, EqualsMatmulForwardAndBackward) {
  const Sides s = GetParam();
  const at::Tensor a = RandomTensor({2, 3, s.m, s.k}, 1, -1, 1);
  const at::Tensor b = RandomTensor({2, 3, s.k, s.n}, 2, -1, 1);
  const Tensors ours = ValueAndGradients(
      [](const Tensors& x) { return Product(x[0], x[1]); }, {a, b});
  const Tensors atens = ValueAndGradients(
      [](const Tensors& x) { return at::matmul(x[0], x[1]); }, {a, b});
  for (size_t i = 0; i < ours.size(); ++i)
    EXPECT_LT(Difference(ours[i], atens[i]), 1e-4) << i;
}

INSTANTIATE_TEST_SUITE_P(Sizes, BatchedProductTest,
                         testing::Values(Sides{50, 64, 50}, Sides{1, 1, 1},
                                         Sides{7, 5, 33}, Sides{6, 32, 32},
                                         Sides{13, 100, 31},
                                         Sides{49, 32, 64}));

// Attention reads heads through permuted views; no copy is made of them.
TEST(ProductTest, TakesMatricesOfAnyStrides) {
  const at::Tensor tokens = RandomTensor({2, 9, 3, 8}, 1, -1, 1);
  const at::Tensor q = tokens.permute({0, 2, 1, 3}),
                   k = tokens.permute({0, 2, 3, 1});
  EXPECT_LT(Difference(Product(q, k), at::matmul(q, k)), 1e-5);
}

TEST(ProductTest, BroadcastsAsMatmulDoes) {
  const at::Tensor a = RandomTensor({2, 1, 4, 5}, 1),
                   b = RandomTensor({3, 5, 6}, 2);
  EXPECT_TRUE(at::equal(Product(a, b), at::matmul(a, b)));
}

TEST(ProductTest, ARowOfTheBatchIsWhatItIsAlone) {
  const at::Tensor a = RandomTensor({5, 50, 64}, 1, -1, 1),
                   b = RandomTensor({5, 64, 50}, 2, -1, 1);
  const at::Tensor all = Product(a, b);
  EXPECT_TRUE(at::equal(all.narrow(0, 3, 1),
                        Product(a.narrow(0, 3, 1), b.narrow(0, 3, 1))));
}

class FrozenLinearTest : public testing::TestWithParam<at::ScalarType> {
 protected:
  void SetUp() override {
    if (!OneDnnConvolves(GetParam()))
      GTEST_SKIP() << "this machine's oneDNN lacks the type";
  }
  at::Tensor Make(std::vector<int64_t> sizes, uint64_t seed) const {
    return RandomTensor(std::move(sizes), seed, -0.5, 0.5).to(GetParam());
  }
};

TEST_P(FrozenLinearTest, EqualsMatmulForwardAndBackward) {
  const at::Tensor matrix = Make({48, 80}, 1), bias = Make({80}, 2),
                   x = Make({2, 7, 48}, 3);
  const auto linear = std::make_shared<FrozenLinear>(matrix, bias);
  const at::Tensor input = x.clone().requires_grad_(true);
  const at::Tensor y = linear->Run(input), g = Make({2, 7, 80}, 4);
  const at::Tensor gradient = torch::autograd::grad({y}, {input}, {g})[0];
  const auto exact = [](const at::Tensor& t) { return t.to(at::kDouble); };
  const double tolerance = GetParam() == at::kFloat ? 1e-5 : 0.05;
  EXPECT_LT(Difference(exact(y.detach()),
                       at::matmul(exact(x), exact(matrix)) + exact(bias)),
            tolerance);
  EXPECT_LT(
      Difference(exact(gradient), at::matmul(exact(g), exact(matrix).t())),
      tolerance);
}

TEST_P(FrozenLinearTest, ARowOfTheBatchIsWhatItIsAlone) {
  const at::Tensor matrix = Make({768, 3072}, 1), x = Make({4, 50, 768}, 3);
  const auto linear = std::make_shared<FrozenLinear>(matrix, at::Tensor());
  const auto turned = std::make_shared<FrozenLinear>(matrix.t(), at::Tensor());
  const at::Tensor all = linear->Run(x), back = turned->Run(all);
  for (int64_t row = 0; row < 4; ++row) {
    EXPECT_TRUE(
        at::equal(all.narrow(0, row, 1), linear->Run(x.narrow(0, row, 1))))
        << row;
    EXPECT_TRUE(
        at::equal(back.narrow(0, row, 1), turned->Run(all.narrow(0, row, 1))))
        << row;
  }
}

TEST_P(FrozenLinearTest, RowsOfAnotherLengthAreRefused) {
  const auto linear =
      std::make_shared<FrozenLinear>(Make({48, 80}, 1), at::Tensor());
  EXPECT_THROW(linear->Run(Make({2, 40}, 2)), c10::Error);
}

INSTANTIATE_TEST_SUITE_P(Types, FrozenLinearTest,
                         testing::Values(at::kFloat, at::kBFloat16));

}  // namespace
}  // namespace phosphene::onnx
