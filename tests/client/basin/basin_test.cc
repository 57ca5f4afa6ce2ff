#include "client/basin/basin.h"

#include <gtest/gtest.h>

#include "client/basin/draw.h"

namespace phosphene::client {
namespace {

BasinOptions With(double weight, double range) {
  BasinOptions options;
  options.shared_weight = weight;
  options.range = range;
  return options;
}

// Fractions of the gradient flow, computed independently with numpy.
TEST(Basin, SharingWidensAlignedBasinsNearTheOrigin) {
  constexpr int kStarts = 20000;
  EXPECT_NEAR(AlignedFraction(With(0, 0.5), kStarts, 0), 0.50, 0.01);
  EXPECT_NEAR(AlignedFraction(With(1, 0.5), kStarts, 0), 0.743, 0.015);
  EXPECT_NEAR(AlignedFraction(With(2, 0.5), kStarts, 0), 0.894, 0.015);
  EXPECT_NEAR(AlignedFraction(With(1, 1), kStarts, 0), 0.599, 0.015);
}

TEST(Basin, FarFromTheOriginItHarms) {
  EXPECT_NEAR(AlignedFraction(With(1, 2), 20000, 0), 0.475, 0.015);
}

TEST(Basin, AdamUndoesAWeightOfOneButNotOfTwo) {
  BasinOptions options = With(1, 0.5);
  options.adam = true;
  options.steps = 1000;
  EXPECT_NEAR(AlignedFraction(options, 4000, 0), 0.5, 0.05);
  options.shared_weight = 2;
  EXPECT_GT(AlignedFraction(options, 4000, 0), 0.75);
}

TEST(Basin, IndependentValuesKeepTheirSigns) {
  for (double x : {-0.9, -0.1, 0.2}) {
    for (double y : {-0.3, 0.4}) {
      const Minimum end = Descend(With(0, 1), x, y);
      EXPECT_EQ(end.x_positive, x > 0);
      EXPECT_EQ(end.y_positive, y > 0);
    }
  }
}

TEST(Basin, TheSameSeedGivesTheSameFraction) {
  EXPECT_EQ(AlignedFraction(With(1, 1), 500, 7),
            AlignedFraction(With(1, 1), 500, 7));
  EXPECT_NE(AlignedFraction(With(1, 1), 500, 7),
            AlignedFraction(With(1, 1), 500, 8));
}

TEST(Basin, MapsAreQuadrantsWithoutSharing) {
  const Pixels map = DrawBasins({With(0, 0.5), With(1, 0.5)}, 32);
  EXPECT_EQ(map.width, 2 * 32 + 16);
  const auto color = [&](int x, int y) {
    return std::vector<uint8_t>(map.At(x, y), map.At(x, y) + 3);
  };
  EXPECT_EQ(color(2, 2), color(14, 14));  // upper left
  EXPECT_NE(color(2, 2), color(29, 2));   // upper right
  EXPECT_NE(color(2, 29), color(29, 2));  // both aligned, other minima
  // Shared: the upper left corner stays unaligned, near the origin it does not.
  EXPECT_EQ(color(48 + 2, 2), color(2, 2));
  EXPECT_NE(color(48 + 14, 13), color(14, 13));
}

}  // namespace
}  // namespace phosphene::client
