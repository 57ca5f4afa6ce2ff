#include "server/engine/params/stretch.h"

#include "tests/params/fixture.h"

namespace phosphene {
namespace {

TEST(StretchTest, FollowsTensorFlowsPositions) {
  // src = dst * 2 / 4: 0, .5, 1, 1.5; beyond the last cell it repeats.
  const at::Tensor cells = at::tensor({0.f, 10.f}).view({1, 1, 1, 2});
  EXPECT_TRUE(at::allclose(StretchPlanes(cells, 1, 4).flatten(),
                           at::tensor({0.f, 5.f, 10.f, 10.f})));
  EXPECT_TRUE(at::allclose(StretchPlanes(cells.transpose(2, 3), 4, 1).flatten(),
                           at::tensor({0.f, 5.f, 10.f, 10.f})));
}

TEST(StretchTest, EqualsTheProductOfItsMatricesAlsoForOddRatios) {
  for (const auto& [h, w, height, width] :
       {std::array<int64_t, 4>{3, 5, 17, 23},
        {7, 7, 14, 21},
        {1, 4, 9, 4},
        {6, 1, 6, 5}}) {
    const at::Tensor cells = Noise({2, 3, h, w});
    const at::Tensor product =
        at::matmul(StretchMatrix(h, height),
                   at::matmul(cells, StretchMatrix(w, width).t()));
    EXPECT_TRUE(
        at::allclose(StretchPlanes(cells, height, width), product, 1e-4, 1e-5));
  }
}

TEST(StretchTest, TheGradientIsTheTransposedMatrix) {
  const at::Tensor cells = Noise({1, 1, 3, 5}).requires_grad_();
  const at::Tensor weights = Noise({1, 1, 17, 23}, 2);
  (StretchPlanes(cells, 17, 23) * weights).sum().backward();
  const at::Tensor expected = at::matmul(
      StretchMatrix(3, 17).t(), at::matmul(weights, StretchMatrix(5, 23)));
  EXPECT_TRUE(at::allclose(cells.grad(), expected, 1e-4, 1e-5));
}

TEST(StretchTest, TwoRowsBlendLinearlyAlongTheBatch) {
  const at::Tensor ends =
      at::stack({at::zeros({3, 2, 2}), at::ones({3, 2, 2})});
  const at::Tensor rows = StretchRows(ends, 4);
  for (int r = 0; r < 4; ++r) {
    EXPECT_TRUE(
        at::allclose(rows[r], at::full({3, 2, 2}, std::min(1., r * .5))))
        << r;
  }
}

TEST(StretchTest, OneRowIsCommonToAll) {
  const at::Tensor one = Noise({1, 3, 2, 2});
  EXPECT_TRUE(at::equal(StretchRows(one, 5), one.expand({5, 3, 2, 2})));
}

}  // namespace
}  // namespace phosphene
