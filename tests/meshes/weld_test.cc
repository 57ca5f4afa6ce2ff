#include "server/meshes/weld.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace phosphene {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(Weld, EqualPointsBecomeOneInTheOrderOfFirstComers) {
  const Welded welded =
      WeldPositions({{1, 0, 0}, {0, 0, 0}, {1, 0, 0}, {0, -0.0f, 0}}, 0);
  EXPECT_THAT(welded.positions, SizeIs(2));
  EXPECT_THAT(welded.index, ElementsAre(0, 1, 0, 1));
}

// Wherever the borders of cells fall, points half a tolerance apart meet and
// points two apart don't.
TEST(Weld, BordersOfCellsDoNotMatter) {
  const double tolerance = 1.0 / 1024;
  std::vector<Vec3> points = {{0, 0, 0}};
  for (int i = 1; i <= 2000; ++i) {
    const float x = static_cast<float>(i * .013);
    points.push_back({x, x, -x});
    points.push_back({x + 1.0f / 2048, x - 1.0f / 2048, -x});
  }
  const Welded welded = WeldPositions(points, tolerance);
  EXPECT_THAT(welded.positions, SizeIs(2001));
  for (size_t i = 1; i <= 2000; ++i)
    EXPECT_EQ(welded.index[2 * i - 1], welded.index[2 * i]);
}

TEST(Weld, NothingMovesFartherThanTheTolerance) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> at(0, 1);
  std::vector<Vec3> points(20000);
  for (Vec3& p : points) p = {at(random), at(random), at(random)};
  const float tolerance = .02f;
  const Welded welded = WeldPositions(points, tolerance);
  EXPECT_LT(welded.positions.size(), points.size());
  for (size_t i = 0; i < points.size(); ++i) {
    const Vec3& p = welded.positions[welded.index[i]];
    EXPECT_LT(std::abs(p.x - points[i].x), tolerance);
    EXPECT_LT(std::abs(p.y - points[i].y), tolerance);
    EXPECT_LT(std::abs(p.z - points[i].z), tolerance);
  }
}

}  // namespace
}  // namespace phosphene
