// Attention: what masks hide, heads that share keys, batches.

#include "server/engine/onnx/ops/shared/attention.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

AttentionInputs Inputs(int64_t rows, int64_t heads, int64_t groups,
                       int64_t queries, int64_t keys) {
  AttentionInputs in;
  in.query = RandomTensor({rows, heads, queries, 4}, 1, -1, 1);
  in.key = RandomTensor({rows, groups, keys, 4}, 2, -1, 1);
  in.value = RandomTensor({rows, groups, keys, 6}, 3, -1, 1);
  return in;
}

TEST(AttentionTest, EqualsTheFormula) {
  const AttentionInputs in = Inputs(2, 3, 3, 5, 7);
  const at::Tensor weights =
      at::softmax(at::matmul(in.query, in.key.transpose(2, 3)) / 2, -1);
  EXPECT_TRUE(at::allclose(Attend({}, in).out, at::matmul(weights, in.value),
                           1e-4, 1e-5));
}

TEST(AttentionTest, HeadsThatShareKeysEqualHeadsThatRepeatThem) {
  AttentionInputs in = Inputs(2, 6, 2, 5, 7);
  const at::Tensor shared = Attend({}, in).out;
  in.key = in.key.repeat_interleave(3, 1);
  in.value = in.value.repeat_interleave(3, 1);
  EXPECT_TRUE(at::allclose(shared, Attend({}, in).out));
  in.key = RandomTensor({2, 4, 7, 4}, 2);
  EXPECT_THROW(Attend({}, in), c10::Error);
}

TEST(AttentionTest, TruthMasksEqualInfinitelyNegativeSums) {
  AttentionInputs in = Inputs(1, 2, 2, 4, 4);
  const at::Tensor seen = at::ones({4, 4}, at::kBool).tril();
  in.mask = seen;
  const at::Tensor by_truth = Attend({}, in).out;
  in.mask = at::zeros({4, 4}).masked_fill(
      seen.logical_not(), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(at::allclose(by_truth, Attend({}, in).out));
  AttentionSpec causal;
  causal.causal = true;
  in.mask = at::Tensor();
  EXPECT_TRUE(at::allclose(by_truth, Attend(causal, in).out));
}

// A query whose every key is hidden makes nothing, and no NaN backwards.
TEST(AttentionTest, QueriesThatSeeNoKeyMakeZeros) {
  AttentionInputs in = Inputs(1, 1, 1, 3, 5);
  in.query.requires_grad_(true);
  in.mask = at::ones({3, 5}, at::kBool);
  in.mask[1].fill_(false);
  const at::Tensor y = Attend({}, in).out;
  EXPECT_EQ(y[0][0][1].abs().max().item<float>(), 0);
  EXPECT_GT(y[0][0][0].abs().max().item<float>(), 0);
  const at::Tensor g = torch::autograd::grad({y.square().sum()}, {in.query})[0];
  EXPECT_TRUE(at::isfinite(g).all().item<bool>());
}

TEST(AttentionTest, WindowsHideKeysOutside) {
  AttentionInputs in = Inputs(1, 1, 1, 6, 6);
  AttentionSpec spec;
  spec.left_window = 1;
  spec.right_window = 0;
  const at::Tensor weights = Attend(spec, in).weights[0][0];
  for (int64_t i = 0; i < 6; ++i) {
    for (int64_t j = 0; j < 6; ++j) {
      EXPECT_EQ(weights[i][j].item<float>() > 0, j == i || j == i - 1)
          << i << " " << j;
    }
  }
}

TEST(AttentionTest, ShortMasksAndCountsHideTheRest) {
  AttentionInputs in = Inputs(2, 2, 2, 3, 8);
  in.mask = at::zeros({3, 5});
  const at::Tensor hidden = Attend({}, in).out;
  in.mask = at::Tensor();
  in.valid_keys = at::tensor({int64_t{5}, int64_t{5}});
  EXPECT_TRUE(at::allclose(hidden, Attend({}, in).out));
}

TEST(AttentionTest, HeadsSplitAndJoin) {
  const at::Tensor x = RandomTensor({2, 5, 12}, 1);
  EXPECT_TRUE(at::equal(JoinHeads(SplitHeads(x, 3)), x));
  EXPECT_THROW(SplitHeads(x, 5), c10::Error);
}

}  // namespace
}  // namespace phosphene::onnx
