#include "server/engine/tensor/separable.h"

#include <gtest/gtest.h>

#include "server/engine/tensor/rng.h"

namespace phosphene {
namespace {

at::Tensor Noise(std::vector<int64_t> sizes, uint64_t seed) {
  return Rng(seed, RngStream::kInit).NormalTensor(sizes);
}

// Against the same map as one matrix over all pixels.
TEST(SeparableMap, IsTheProductWithBothMatrices) {
  const at::Tensor rows = Noise({5, 4}, 1), columns = Noise({7, 6}, 2);
  const at::Tensor x = Noise({2, 3, 4, 6}, 3);
  const at::Tensor whole = at::kron(rows, columns);  // [35, 24]
  const at::Tensor expected =
      at::matmul(x.flatten(2), whole.t()).view({2, 3, 5, 7});
  EXPECT_TRUE(
      at::allclose(SeparableMap(x, rows, columns), expected, 1e-4, 1e-5));
}

TEST(SeparableMap, HasItsAdjointAsGradient) {
  const at::Tensor rows = Noise({2, 1, 5, 4}, 1), columns = Noise({7, 6}, 2);
  const at::Tensor x = Noise({2, 3, 4, 6}, 3).requires_grad_(true);
  const at::Tensor y = SeparableMap(x, rows, columns);
  const at::Tensor g = Noise(y.sizes().vec(), 4);
  const at::Tensor back = torch::autograd::grad({y}, {x}, {g})[0];
  EXPECT_NEAR((y * g).sum().item<double>(), (x * back).sum().item<double>(),
              1e-3);
}

TEST(SeparableMap, TakesMatricesOfEachRow) {
  const at::Tensor rows = Noise({2, 1, 5, 4}, 1),
                   columns = Noise({2, 1, 7, 6}, 2);
  const at::Tensor x = Noise({2, 3, 4, 6}, 3);
  const at::Tensor y = SeparableMap(x, rows, columns);
  for (int64_t row = 0; row < 2; ++row) {
    EXPECT_TRUE(at::allclose(
        y.narrow(0, row, 1),
        SeparableMap(x.narrow(0, row, 1), rows[row][0], columns[row][0]), 1e-5,
        1e-6));
  }
}

}  // namespace
}  // namespace phosphene
