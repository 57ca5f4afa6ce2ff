#include "server/meshes/uv_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "server/meshes/uv_raster.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;

// A quad of two triangles over the UVs from (u0, v0) to (u1, v1).
void AddQuad(float u0, float v0, float u1, float v1, Mesh* mesh) {
  const auto first = static_cast<uint32_t>(mesh->uvs.size());
  mesh->uvs.insert(mesh->uvs.end(), {{u0, v0}, {u1, v0}, {u1, v1}, {u0, v1}});
  mesh->triangles.push_back({.uv = {first, first + 1, first + 2}});
  mesh->triangles.push_back({.uv = {first, first + 2, first + 3}});
}

TEST(UvFacts, CountsCoveredAndDoublyCoveredTexels) {
  Mesh mesh;
  AddQuad(0, 0, .5, .5, &mesh);
  UvFacts facts = FindUvFacts(mesh);
  EXPECT_EQ(facts.charted, .25);
  EXPECT_EQ(facts.overlap, 0);
  EXPECT_FALSE(facts.outside);
  EXPECT_EQ(UvNote(facts), "");
  AddQuad(.25, 0, .75, .5, &mesh);
  facts = FindUvFacts(mesh);
  EXPECT_EQ(facts.charted, .375);
  EXPECT_NEAR(facts.overlap, 1.0 / 3, 1e-9);
  EXPECT_THAT(UvNote(facts), HasSubstr("33 % of the texture"));
}

TEST(UvFacts, UvsWrap) {
  Mesh mesh;
  AddQuad(-1000.25f, 7.5, -1000, 8, &mesh);
  AddQuad(.75, .5, 1, 1, &mesh);
  const UvFacts facts = FindUvFacts(mesh);
  EXPECT_TRUE(facts.outside);
  EXPECT_EQ(facts.charted, .125);
  EXPECT_EQ(facts.overlap, 1);
}

TEST(UvFacts, TellsFlippedAndCollapsed) {
  Mesh mesh;
  AddQuad(0, 0, .5, .5, &mesh);
  AddQuad(1, .5, .5, 1, &mesh);
  AddQuad(.5, .5, .5, 1, &mesh);
  const UvFacts facts = FindUvFacts(mesh);
  EXPECT_NEAR(facts.flipped, 1.0 / 3, 1e-9);
  EXPECT_NEAR(facts.collapsed, 1.0 / 3, 1e-9);
}

TEST(UvFacts, EndlessUvsCostNoTime) {
  for (const float far : {3.f, 100.f, 1e30f}) {
    Mesh mesh;
    for (int i = 0; i < 20000; ++i) AddQuad(-far, -far, far, far, &mesh);
    EXPECT_EQ(FindUvFacts(mesh).overlap, 1);
  }
  EXPECT_EQ(FindUvFacts(Mesh()).charted, 0);
}

// A jittered net of triangles hits every texel once, wherever its points are.
TEST(UvRaster, NoHoleAndNoDoubleHitOnSharedEdges) {
  std::mt19937 random(4);
  std::uniform_real_distribution<double> jitter(-.3, .3);
  constexpr int kCells = 23, kSize = 64;
  std::array<std::array<std::array<double, 2>, kCells + 1>, kCells + 1> point;
  for (int j = 0; j <= kCells; ++j) {
    for (int i = 0; i <= kCells; ++i) {
      const bool rim = i == 0 || j == 0 || i == kCells || j == kCells;
      const double cell = double(kSize) / kCells;
      point[j][i] = {(i + (rim ? 0 : jitter(random))) * cell,
                     (j + (rim ? 0 : jitter(random))) * cell};
    }
  }
  std::vector<int> hits(size_t{kSize} * kSize, 0);
  const auto draw = [&](const auto& a, const auto& b, const auto& c) {
    ForEachTexelRow(SnapToTexels({a, b, c}),
                    [&](int64_t y, int64_t begin, int64_t end) {
                      for (int64_t x = begin; x < end; ++x)
                        ++hits[y * kSize + x];
                    });
  };
  for (int j = 0; j < kCells; ++j) {
    for (int i = 0; i < kCells; ++i) {
      draw(point[j][i], point[j][i + 1], point[j + 1][i + 1]);
      draw(point[j + 1][i], point[j][i], point[j + 1][i + 1]);
    }
  }
  EXPECT_THAT(hits, testing::Each(1));
}

}  // namespace
}  // namespace phosphene
