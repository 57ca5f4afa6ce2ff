#include "server/engine/optimize/zero_gradient.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phosphene {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A parameter of `gradients`' rows with those gradients.
std::vector<ParamTensor> Rows(std::vector<float> gradients,
                              bool per_row = true) {
  const auto rows = static_cast<int64_t>(gradients.size());
  at::Tensor value = at::zeros({rows, 4}).set_requires_grad(true);
  value.mutable_grad() = at::tensor(gradients).view({rows, 1}).repeat({1, 4});
  return {{"x", value, per_row}};
}

TEST(ZeroGradientWatch, TellsOfTwentyDeadSteps) {
  ZeroGradientWatch watch;
  for (int step = 0; step < 20; ++step) watch.Observe(Rows({0}), step);
  for (int step = 20; step < 30; ++step) watch.Observe(Rows({1}), step);
  EXPECT_THAT(watch.Warnings(30),
              ElementsAre(HasSubstr("zero for 20 steps (0..19)")));
}

TEST(ZeroGradientWatch, IsToldOfRowsAsItSeesThem) {
  ZeroGradientWatch seen, told;
  for (int step = 0; step < 40; ++step) {
    const bool dead = step > 5 && step < 35;
    seen.Observe(Rows({1, dead ? 0.f : 2.f}), step);
    told.ObserveRows({false, dead}, step);
  }
  EXPECT_THAT(told.Warnings(40), ElementsAre(HasSubstr("(6..34) in row 1")));
  EXPECT_EQ(told.Warnings(40), seen.Warnings(40));
}

TEST(ZeroGradientWatch, TellsOfARunDeadThroughout) {
  ZeroGradientWatch watch;
  for (int step = 0; step < 3; ++step) watch.Observe(Rows({0}), step);
  EXPECT_THAT(watch.Warnings(3),
              ElementsAre(HasSubstr("zero for 3 steps (0..2)")));
}

TEST(ZeroGradientWatch, KeepsQuietAboutShortSpellsAndLiveJobs) {
  ZeroGradientWatch watch;
  for (int step = 0; step < 60; ++step)
    watch.Observe(Rows({step % 20 == 0 ? 1.f : 0.f}), step);
  EXPECT_THAT(watch.Warnings(60), IsEmpty());
  EXPECT_THAT(ZeroGradientWatch().Warnings(0), IsEmpty());
}

TEST(ZeroGradientWatch, NamesTheDeadRows) {
  ZeroGradientWatch watch;
  for (int step = 0; step < 25; ++step) watch.Observe(Rows({1, 0, 1, 0}), step);
  EXPECT_THAT(watch.Warnings(25), ElementsAre(HasSubstr("in row 1, 3")));
}

TEST(ZeroGradientWatch, ASharedTensorThatMovesMovesEveryRow) {
  ZeroGradientWatch watch;
  for (int step = 0; step < 25; ++step) {
    std::vector<ParamTensor> both = Rows({0, 0});
    both.push_back(Rows({1}, false)[0]);
    watch.Observe(both, step);
  }
  EXPECT_THAT(watch.Warnings(25), IsEmpty());
}

TEST(ZeroGradientWatch, RemembersAcrossACheckpoint) {
  ZeroGradientWatch first, second;
  for (int step = 0; step < 12; ++step) first.Observe(Rows({0, 1}), step);
  second.Load(first.Save());
  for (int step = 12; step < 20; ++step) second.Observe(Rows({0, 1}), step);
  EXPECT_THAT(second.Warnings(20),
              ElementsAre(HasSubstr("zero for 20 steps (0..19) in row 0")));
}

}  // namespace
}  // namespace phosphene
