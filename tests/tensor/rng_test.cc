#include "server/engine/tensor/rng.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace phosphene {
namespace {

std::vector<uint32_t> Words(const Rng& rng, uint64_t first) {
  return {rng.Word(first), rng.Word(first + 1), rng.Word(first + 2),
          rng.Word(first + 3)};
}

// Known-answer vectors of philox4x32-10 from Random123 1.14 (kat_vectors).
TEST(Rng, WordsArePhilox4x32WithTenRounds) {
  const Rng zero(0, static_cast<RngStream>(0));
  EXPECT_EQ(Words(zero, 0), (std::vector<uint32_t>{0x6627e8d5, 0xe169c58d,
                                                   0xbc57ac4c, 0x9b00dbd8}));
  const Rng ones(~uint64_t{0}, static_cast<RngStream>(0xffffffff), 0xffffffff,
                 0xffffffff);
  EXPECT_EQ(
      Words(ones, uint64_t{0xffffffff} * 4),
      (std::vector<uint32_t>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  const Rng pi(0x299f31d0a4093822, static_cast<RngStream>(0x03707344),
               0x13198a2e, 0x85a308d3);
  EXPECT_EQ(
      Words(pi, uint64_t{0x243f6a88} * 4),
      (std::vector<uint32_t>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, EveryPartOfTheKeyChangesTheNumbers) {
  std::set<uint32_t> words;
  for (const uint64_t seed : {1, 2}) {
    for (const RngStream stream : {RngStream::kInit, RngStream::kTransform}) {
      for (const int64_t step : {0, 1}) {
        for (const uint32_t draw : {0, 1})
          words.insert(Rng(seed, stream, step, draw).Word(0));
      }
    }
  }
  EXPECT_EQ(words.size(), 16u);
}

TEST(Rng, ScalarsRepeatWithTheKey) {
  Rng a(7, RngStream::kTransform, 3, 1), b(7, RngStream::kTransform, 3, 1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(a.Normal(), b.Normal());
}

TEST(Rng, UniformFillsTheUnitInterval) {
  Rng rng(1, RngStream::kInit);
  double sum = 0, square = 0;
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.Uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
    square += u * u;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.01);
  EXPECT_NEAR(square / kDraws, 1.0 / 3, 0.01);
}

TEST(Rng, IndexReachesEveryValueAboutEqually) {
  Rng rng(1, RngStream::kInit);
  std::vector<int> counts(11);
  for (int i = 0; i < 11000; ++i) ++counts[rng.Index(11)];
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
}

TEST(Rng, BetweenIncludesBothEnds) {
  Rng rng(1, RngStream::kInit);
  std::set<int64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(rng.Between(-2, 2));
  EXPECT_EQ(seen, (std::set<int64_t>{-2, -1, 0, 1, 2}));
}

TEST(Rng, NormalTensorHasTheMomentsOfANormal) {
  const at::Tensor x =
      Rng(5, RngStream::kInit).NormalTensor({100000}).to(at::kDouble);
  EXPECT_NEAR(x.mean().item<double>(), 0, 0.015);
  EXPECT_NEAR(x.var().item<double>(), 1, 0.02);
  EXPECT_NEAR(x.pow(4).mean().item<double>(), 3, 0.1);
  EXPECT_GT(x.abs().max().item<double>(), 4);
}

TEST(Rng, LargerTensorBeginsWithTheSmaller) {
  const Rng rng(5, RngStream::kInit, 2, 9);
  const at::Tensor small = rng.NormalTensor({3, 7}),
                   large = rng.NormalTensor({300, 701});
  EXPECT_TRUE(at::equal(small.flatten(), large.flatten().slice(0, 0, 21)));
  const at::Tensor few = rng.UniformTensor({5}),
                   many = rng.UniformTensor({90000});
  EXPECT_TRUE(at::equal(few, many.slice(0, 0, 5)));
}

TEST(Rng, TensorsDoNotFollowTheScalars) {
  Rng rng(5, RngStream::kInit);
  const at::Tensor before = rng.UniformTensor({64});
  std::vector<float> scalars;
  for (int i = 0; i < 64; ++i)
    scalars.push_back(static_cast<float>(rng.Uniform()));
  EXPECT_TRUE(at::equal(rng.UniformTensor({64}), before))
      << "scalar draws must not move tensors";
  const at::Tensor drawn = at::tensor(scalars);
  const double correlation =
      at::corrcoef(at::stack({before, drawn}))[0][1].item<double>();
  EXPECT_LT(std::abs(correlation), 0.4);
}

TEST(Rng, ThreadsDoNotChangeTensors) {
  const int before = at::get_num_threads();
  const Rng rng(8, RngStream::kInit);
  at::set_num_threads(1);
  const at::Tensor one = rng.NormalTensor({70000});
  at::set_num_threads(3);
  const at::Tensor three = rng.NormalTensor({70000});
  at::set_num_threads(before);
  EXPECT_TRUE(at::equal(one, three));
}

TEST(Rng, RowZeroHasTheSeedItselfAndOthersTheirOwn) {
  EXPECT_EQ(RowSeed(42, 0), 42u);
  std::set<uint64_t> seeds;
  for (const uint64_t seed : {0, 1, 42}) {
    for (int64_t row = 0; row < 256; ++row) seeds.insert(RowSeed(seed, row));
  }
  EXPECT_EQ(seeds.size(), 3 * 256u);
}

}  // namespace
}  // namespace phosphene
