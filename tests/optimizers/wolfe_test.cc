#include "server/engine/optimizers/wolfe.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

namespace phosphene {
namespace {

using Fn = std::function<double(double)>;

// Runs a search from slope at 0 and checks both Wolfe conditions at the end.
void ExpectStrongWolfe(const Fn& f, const Fn& slope, double first) {
  WolfeSearch search(f(0), slope(0), first);
  int evaluations = 0;
  while (!search.done() && evaluations < 40) {
    search.Report(f(search.trial()), slope(search.trial()));
    ++evaluations;
  }
  ASSERT_TRUE(search.done());
  const double t = search.best();
  EXPECT_GT(t, 0);
  EXPECT_LE(f(t), f(0) + 1e-4 * t * slope(0));
  EXPECT_LE(std::abs(slope(t)), 0.9 * std::abs(slope(0)));
}

TEST(WolfeSearch, AcceptsAParabolaFromAnyFirstStep) {
  const Fn f = [](double t) { return (t - 1) * (t - 1); };
  const Fn slope = [](double t) { return 2 * (t - 1); };
  for (const double first : {1e-6, 0.01, 1.0, 50.0, 1e6})
    ExpectStrongWolfe(f, slope, first);
}

// Moré & Thuente 1994, functions 1 and 3.
TEST(WolfeSearch, SolvesHardFunctions) {
  ExpectStrongWolfe(
      [](double t) { return -t / (t * t + 2); },
      [](double t) { return (t * t - 2) / ((t * t + 2) * (t * t + 2)); }, 10);
  ExpectStrongWolfe(
      [](double t) {
        return std::pow(t + .004, 5) - 2 * std::pow(t + .004, 4);
      },
      [](double t) {
        return 5 * std::pow(t + .004, 4) - 8 * std::pow(t + .004, 3);
      },
      .1);
}

TEST(WolfeSearch, BacksOffFromWhereTheFunctionIsNotFinite) {
  const double inf = std::numeric_limits<double>::infinity();
  ExpectStrongWolfe([inf](double t) { return t < 2 ? (t - 1) * (t - 1) : inf; },
                    [inf](double t) { return t < 2 ? 2 * (t - 1) : inf; },
                    1000);
}

TEST(WolfeSearch, NeverTakesAStepThatIsNotLowerEnough) {
  // Rises at once although the slope promised a fall.
  WolfeSearch search(0, -1, 1);
  for (int i = 0; i < 200 && !search.done(); ++i) search.Report(1, 0);
  EXPECT_TRUE(search.done());
  EXPECT_EQ(search.best(), 0);
}

}  // namespace
}  // namespace phosphene
