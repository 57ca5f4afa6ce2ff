#include "server/meshes/unwrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "server/meshes/charts.h"
#include "server/meshes/pack_charts.h"
#include "server/meshes/read_mesh.h"
#include "server/meshes/uv_facts.h"
#include "server/meshes/vector_math.h"
#include "tests/meshes/shapes.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;

double LongestSide(const Mesh& mesh, const MeshTriangle& t) {
  double longest = 0;
  for (int i = 0; i < 3; ++i) {
    longest = std::max(longest,
                       Length(Point3(mesh.positions[t.position[(i + 1) % 3]]) -
                              Point3(mesh.positions[t.position[i]])));
  }
  return longest;
}

// What holds for every mesh: nothing overlaps, all within, all with area, no
// triangle shrunk by more than its slant of 60 degrees allows.
Unwrapped ExpectLaws(const Mesh& mesh, int atlas, double least_cover) {
  Unwrapped made = Unwrap(mesh, atlas);
  EXPECT_EQ(made.mesh.triangles.size(), mesh.triangles.size());
  const UvFacts facts = FindUvFacts(made.mesh, std::min(atlas, 2048));
  EXPECT_EQ(facts.overlap, 0);
  EXPECT_EQ(facts.flipped, 0);
  EXPECT_EQ(facts.collapsed, 0);
  EXPECT_FALSE(facts.outside);
  EXPECT_GE(made.covered, least_cover);
  for (const MeshTriangle& t : made.mesh.triangles) {
    const double flat =
        SignedArea(made.mesh.uvs[t.uv[0]], made.mesh.uvs[t.uv[1]],
                   made.mesh.uvs[t.uv[2]]) *
        atlas * atlas;
    const double area =
        Length(AreaVector(Point3(mesh.positions[t.position[0]]),
                          Point3(mesh.positions[t.position[1]]),
                          Point3(mesh.positions[t.position[2]]))) *
        made.scale * made.scale;
    EXPECT_GE(flat, .49 * area - 1e-3);
    // Slivers alone in their charts are drawn a texel high.
    const double height = area / (LongestSide(mesh, t) * made.scale);
    if (height > 1) {
      EXPECT_LE(flat, 1.01 * area);
    }
  }
  EXPECT_THAT(made.mesh.notes, testing::Contains(HasSubstr("UVs were made")));
  return made;
}

TEST(Unwrap, ASquareFillsTheAtlas) {
  const Mesh square = Sheet(1, 1, false, false, [](double s, double t) {
    return ToVec3(5 * s, 7, 5 * t);
  });
  EXPECT_EQ(ExpectLaws(square, 256, .9).charts, 1);
}

TEST(Unwrap, ClosedAndOpenSurfacesTakeFewCharts) {
  EXPECT_LE(ExpectLaws(Torus(80, 40), 512, .3).charts, 40);
  EXPECT_LE(ExpectLaws(Sheet(60, 20, true, false,
                             [](double s, double t) {
                               const double a = 2 * M_PI * s;
                               return ToVec3(std::cos(a), std::sin(a), 2 * t);
                             }),
                       512, .6)
                .charts,
            6);
}

TEST(Unwrap, WhereTheMeshStandsDoesNotMatter) {
  Mesh spiral = Spiral(3);
  const int64_t charts = Unwrap(spiral, 512).charts;
  for (Vec3& p : spiral.positions) p = {p.x + 4096, p.y - 4096, p.z + 4096};
  EXPECT_NEAR(ExpectLaws(spiral, 512, .2).charts, charts, 2);
}

TEST(Unwrap, WhatLiesOverItselfIsCut) {
  const Unwrapped made = ExpectLaws(Spiral(6), 512, .2);
  EXPECT_GE(made.charts, 6);
  EXPECT_LE(made.charts, 40);
}

TEST(Unwrap, LooseTrianglesEachGetTheirPlace) {
  EXPECT_EQ(ExpectLaws(Soup(1), 64, .05).charts, 1);
  EXPECT_EQ(ExpectLaws(Soup(500), 512, .25).charts, 500);
}

TEST(Unwrap, MoreChartsThanTexelsStillLieApart) {
  const Unwrapped made = Unwrap(Soup(2000), 16);
  EXPECT_EQ(made.charts, 2000);
  EXPECT_LT(made.gutter, 1);
  const UvFacts facts = FindUvFacts(made.mesh, 2048);
  EXPECT_EQ(facts.overlap, 0);
  EXPECT_EQ(facts.flipped + facts.collapsed, 0);
  EXPECT_FALSE(facts.outside);
}

TEST(Unwrap, NeedlesGetAreaWhicheverWayTheyPoint) {
  std::mt19937 random(8);
  std::uniform_real_distribution<float> at(-1, 1);
  Mesh mesh;
  for (uint32_t i = 0; i < 300; ++i) {
    const Vec3 p = {at(random), at(random), at(random)};
    mesh.positions.insert(mesh.positions.end(),
                          {p, {-p.x, -p.y, -p.z}, {p.x + 1e-5f, p.y, p.z}});
    AddTriangle(3 * i, 3 * i + 1, 3 * i + 2, &mesh);
  }
  ExpectLaws(mesh, 1024, 0);
}

TEST(Unwrap, CrowdedEdgesTurnedFacesAndDustWork) {
  Mesh mesh;
  mesh.positions = {{0, 0, 0},  {0, 0, 1},     {1, 0, 0},     {0, 1, 0},
                    {-1, 0, 0}, {1e-5f, 0, 2}, {0, 1e-5f, 2}, {0, 0, 2}};
  AddTriangle(0, 1, 2, &mesh);
  AddTriangle(0, 1, 3, &mesh);
  AddTriangle(1, 0, 4, &mesh);
  AddTriangle(0, 1, 4, &mesh);  // the same, from behind
  AddTriangle(0, 1, 2, &mesh);  // the same
  AddTriangle(5, 6, 7, &mesh);
  ExpectLaws(mesh, 128, .1);
}

TEST(Unwrap, SameBytesTwice) {
  const Mesh mesh = Torus(50, 30);
  const Unwrapped a = Unwrap(mesh, 256), b = Unwrap(mesh, 256);
  ASSERT_EQ(a.mesh.uvs.size(), b.mesh.uvs.size());
  EXPECT_EQ(std::memcmp(a.mesh.uvs.data(), b.mesh.uvs.data(),
                        a.mesh.uvs.size() * sizeof(Vec2)),
            0);
}

TEST(Unwrap, RealMeshesFillAThirdOfTheAtlas) {
  for (const char* name : {"spot.obj", "bob.obj", "avocado.obj", "blub.glb"}) {
    const auto path = std::filesystem::path("../shared/meshes") / name;
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path;
    std::ifstream file(path, std::ios::binary);
    const auto mesh =
        ReadMesh(std::string(std::istreambuf_iterator<char>(file), {}));
    ASSERT_THAT(mesh, IsOk());
    EXPECT_LE(ExpectLaws(*mesh, 1024, .33).charts, 60) << name;
  }
}

TEST(PackCharts, BoxesKeepTheirGuttersAndTheirScale) {
  std::mt19937 random(2);
  std::uniform_real_distribution<double> side(.1, 3);
  for (const size_t count : {1, 7, 300, 5000}) {
    std::vector<ChartBox> boxes(count);
    for (ChartBox& box : boxes) box = {side(random), side(random), 0};
    const Packing packing = PackCharts(boxes, 1024);
    EXPECT_GT(packing.gutter, 3.9);
    double covered = 0;
    for (size_t i = 0; i < count; ++i) {
      const auto [x, y] = packing.origin[i];
      const auto [w, h] = packing.size[i];
      EXPECT_NEAR(w, boxes[i].width * packing.scale, 1e-9);
      EXPECT_NEAR(h, boxes[i].height * packing.scale, 1e-9);
      EXPECT_GE(std::min(x, y), packing.gutter / 2);
      EXPECT_LE(std::max(x + w, y + h), 1024 - packing.gutter / 2 + 1e-9);
      covered += w * h;
      if (count > 300) continue;
      for (size_t k = 0; k < i; ++k) {
        const auto [ox, oy] = packing.origin[k];
        const auto [ow, oh] = packing.size[k];
        const double apart =
            std::max({ox - x - w, x - ox - ow, oy - y - h, y - oy - oh});
        ASSERT_GE(apart, packing.gutter - 1e-9);
      }
    }
    if (count > 1) {
      EXPECT_GT(covered, .5 * 1024 * 1024) << count;
    }
  }
}

TEST(Charts, FaceTheirAxisAndHoldEachTriangleOnce) {
  const Mesh mesh = Torus(60, 30);
  std::vector<int> seen(mesh.triangles.size(), 0);
  for (const Chart& chart : GrowCharts(mesh, 100)) {
    const ChartPlane plane(chart.axis);
    EXPECT_NEAR(Dot(Cross(plane.right, plane.up), chart.axis), 1, 1e-12);
    for (uint32_t t : chart.triangles) {
      ++seen[t];
      const auto& p = mesh.triangles[t].position;
      const Point3 area =
          AreaVector(Point3(mesh.positions[p[0]]), Point3(mesh.positions[p[1]]),
                     Point3(mesh.positions[p[2]]));
      EXPECT_GE(Dot(area, chart.axis), .5 * Length(area) - 1e-12);
    }
  }
  EXPECT_THAT(seen, testing::Each(1));
}

}  // namespace
}  // namespace phosphene
