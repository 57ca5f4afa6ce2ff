#include "server/meshes/triangulate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

namespace phosphene {
namespace {

Point3 AreaOf(const std::vector<Point3>& polygon) {
  Point3 area;
  for (size_t i = 1; i + 1 < polygon.size(); ++i)
    area = area + AreaVector(polygon[0], polygon[i], polygon[i + 1]);
  return area;
}

// All triangles run as the polygon does, and together are as large as it.
void ExpectCut(const std::vector<Point3>& polygon) {
  const auto triangles = Triangulate(polygon);
  ASSERT_EQ(triangles.size(), polygon.size() - 2);
  const Point3 whole = AreaOf(polygon);
  const double size = Length(whole);
  double sum = 0;
  for (const auto& t : triangles) {
    const double area =
        Dot(AreaVector(polygon[t[0]], polygon[t[1]], polygon[t[2]]), whole) /
        size;
    EXPECT_GT(area, -1e-9 * size);
    sum += area;
  }
  EXPECT_NEAR(sum, size, 1e-9 * size);
}

TEST(Triangulate, CutsConvexAndConcavePolygonsInAnyPlane) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> part(.2, 1), any(-1, 1);
  for (int corners = 3; corners < 60; ++corners) {
    for (const bool star : {false, true}) {
      Point3 side(any(random), any(random), any(random));
      side = side * (1 / Length(side));
      Point3 up = Cross(side, {any(random), any(random), any(random)});
      up = up * (1 / Length(up));
      std::vector<Point3> polygon;
      for (int i = 0; i < corners; ++i) {
        const double r = star ? part(random) : 1, a = 2 * M_PI * i / corners;
        polygon.push_back(Point3(1000, 0, 0) + side * (r * std::cos(a)) +
                          up * (r * std::sin(a)));
      }
      if (corners > 4 || !star) ExpectCut(polygon);
    }
  }
}

TEST(Triangulate, CutsAConcaveQuadAtItsDent) {
  for (int turn = 0; turn < 4; ++turn) {
    const Point3 dart[] = {{0, 0, 0}, {2, -1, 0}, {.5, 0, 0}, {2, 1, 0}};
    std::vector<Point3> polygon(4);
    for (int i = 0; i < 4; ++i) polygon[i] = dart[(i + turn) % 4];
    std::reverse(polygon.begin(), polygon.end());
    ExpectCut(polygon);
  }
}

TEST(Triangulate, CutsCombsAndSpirals) {
  std::vector<Point3> comb;
  for (int i = 0; i < 100; ++i) {
    comb.push_back({2.0 * i, 0, 0});
    comb.push_back({2.0 * i + 1, 9, 0});
  }
  comb.push_back({200, -1, 0});
  comb.push_back({-1, -1, 0});
  std::reverse(comb.begin(), comb.end());
  ExpectCut(comb);
}

TEST(Triangulate, AlwaysEndsAndUsesEveryCorner) {
  const std::vector<std::vector<Point3>> odd = {
      std::vector<Point3>(1000, Point3(1, 1, 1)),
      {{0, 0, 0}, {1, 1, 0}, {1, 0, 0}, {0, 1, 0}},  // crosses itself
      {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}, {1, 0, 0}, {.5, 0, 0}},
  };
  for (const auto& polygon : odd) {
    std::set<int> used;
    const auto triangles = Triangulate(polygon);
    EXPECT_EQ(triangles.size(), polygon.size() - 2);
    for (const auto& t : triangles) used.insert(t.begin(), t.end());
    EXPECT_EQ(used.size(), polygon.size());
  }
}

}  // namespace
}  // namespace phosphene
