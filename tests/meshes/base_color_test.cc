#include "server/meshes/base_color.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "server/imaging/encode.h"
#include "server/meshes/unwrap.h"
#include "server/meshes/uv_raster.h"
#include "tests/meshes/shapes.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;

// Red grows to the right, green upwards: what is at (u, v) tells where it is.
std::string Gradient(int size) {
  Image8 image = {size, size, 3, {}};
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      image.pixels.push_back(static_cast<uint8_t>((x + .5) / size * 255));
      image.pixels.push_back(
          static_cast<uint8_t>((size - y - .5) / size * 255));
      image.pixels.push_back(64);
    }
  }
  return *EncodePng(image);
}

std::string Plain(std::vector<uint8_t> color) {
  return *EncodePng({1, 1, 3, std::move(color)});
}

// A torus whose UVs are what s and t of its sheet were, one atlas off.
Mesh TexturedTorus() {
  Mesh mesh = Torus(40, 20);
  for (uint32_t t = 0; t < mesh.triangles.size(); ++t) {
    const uint32_t quad = t / 2;
    const uint32_t column = quad % 40, row = quad / 40;
    const float s = float(column) / 40, v = float(row) / 20;
    const Vec2 corner[4] = {
        {s, v}, {s + 1.f / 40, v}, {s + 1.f / 40, v + .05f}, {s, v + .05f}};
    const int which[2][3] = {{0, 1, 2}, {0, 2, 3}};
    for (int i = 0; i < 3; ++i) {
      mesh.triangles[t].uv[i] = static_cast<uint32_t>(mesh.uvs.size());
      Vec2 uv = corner[which[t % 2][i]];
      mesh.uvs.push_back({uv.x + 3, uv.y - 2});
    }
    mesh.triangles[t].material = 0;
  }
  mesh.materials = {{.name = "hide", .texture = Gradient(64)}};
  return mesh;
}

Image8 MustBake(const Mesh& original, const Mesh& target, int size) {
  auto baked = BakeBaseColor(original, target, size);
  EXPECT_THAT(baked, IsOk());
  if (!baked.ok() || !baked->has_value()) return {};
  EXPECT_EQ((*baked)->width, size);
  EXPECT_EQ((*baked)->pixels.size(), 3u * size * size);
  return **baked;
}

int Channel(const Image8& image, double u, double v, int c) {
  const auto x = static_cast<size_t>(u * image.width);
  const auto y = static_cast<size_t>((1 - v) * image.height);
  return image.pixels[3 * (y * image.width + x) + c];
}

TEST(BakeBaseColor, ThePictureItselfWhereUvsAreTheSame) {
  Mesh mesh = TexturedTorus();
  mesh.materials[0].base_color = {1, .5, 0};
  const Image8 baked = MustBake(mesh, mesh, 32);
  EXPECT_NEAR(Channel(baked, .75, .25, 0), 191, 6);
  EXPECT_NEAR(Channel(baked, .75, .25, 1), 32, 6);
  EXPECT_EQ(Channel(baked, .75, .25, 2), 0);
  EXPECT_EQ(MustBake(mesh, Mesh(mesh), 32).pixels, baked.pixels);
}

// Every point of the surface keeps its colour under new UVs.
TEST(BakeBaseColor, ColoursMoveToNewUvs) {
  const Mesh mesh = TexturedTorus();
  const int size = 256;
  const Mesh target = Unwrap(mesh, size).mesh;
  const Image8 baked = MustBake(mesh, target, size);
  int64_t checked = 0;
  for (size_t t = 0; t < mesh.triangles.size(); ++t) {
    double u = 0, v = 0, from_u = 0, from_v = 0;
    for (int i = 0; i < 3; ++i) {
      u += target.uvs[target.triangles[t].uv[i]].x / 3;
      v += target.uvs[target.triangles[t].uv[i]].y / 3;
      from_u += mesh.uvs[mesh.triangles[t].uv[i]].x / 3;
      from_v += mesh.uvs[mesh.triangles[t].uv[i]].y / 3;
    }
    from_u -= std::floor(from_u);
    from_v -= std::floor(from_v);
    // The gradient jumps at its border.
    if (std::min({from_u, from_v, 1 - from_u, 1 - from_v}) < .06) continue;
    ++checked;
    ASSERT_NEAR(Channel(baked, u, v, 0), 255 * from_u, 12);
    ASSERT_NEAR(Channel(baked, u, v, 1), 255 * from_v, 12);
  }
  EXPECT_GT(checked, 1000);
}

TEST(BakeBaseColor, SeveralMaterialsShareTheAtlas) {
  Mesh mesh = Sheet(2, 1, false, false,
                    [](double s, double t) { return ToVec3(s, t, 0); });
  mesh.uvs = {{0, 0}, {.5, 0}, {.5, 1}, {0, 1}, {1, 0}, {1, 1}};
  const uint32_t uv[4][3] = {{0, 1, 2}, {0, 2, 3}, {1, 4, 5}, {1, 5, 2}};
  for (int t = 0; t < 4; ++t) {
    std::copy(uv[t], uv[t] + 3, mesh.triangles[t].uv.begin());
    mesh.triangles[t].material = t / 2;
  }
  mesh.materials = {{.name = "a", .texture = Plain({200, 100, 50})},
                    {.name = "b", .base_color = {0, 1, .2f}}};
  const Image8 baked = MustBake(mesh, mesh, 16);
  EXPECT_EQ(Channel(baked, .25, .5, 0), 200);
  EXPECT_EQ(Channel(baked, .25, .5, 2), 50);
  EXPECT_EQ(Channel(baked, .75, .5, 0), 0);
  EXPECT_EQ(Channel(baked, .75, .5, 1), 255);
  mesh.triangles[2].material = mesh.triangles[3].material = -1;
  EXPECT_EQ(Channel(MustBake(mesh, mesh, 128), .75, .5, 0), 128);
}

TEST(BakeBaseColor, WithoutUvsAPictureGivesItsMean) {
  Mesh mesh = Torus(20, 10);
  for (MeshTriangle& triangle : mesh.triangles) triangle.material = 0;
  mesh.materials = {{.name = "m", .texture = Gradient(16)}};
  const Mesh target = Unwrap(mesh, 64).mesh;
  const Image8 baked = MustBake(mesh, target, 64);
  const Vec2& uv = target.uvs[target.triangles[0].uv[0]];
  EXPECT_NEAR(Channel(baked, uv.x, uv.y, 0), 127, 2);
}

TEST(BakeBaseColor, NothingWhereNoColourIsTold) {
  Mesh mesh = TexturedTorus();
  mesh.materials[0].texture.clear();
  const auto baked = BakeBaseColor(mesh, mesh, 16);
  ASSERT_THAT(baked, IsOk());
  EXPECT_FALSE(baked->has_value());
}

TEST(BakeBaseColor, RefusesBrokenPicturesAndWhatDoesNotFit) {
  Mesh mesh = TexturedTorus();
  EXPECT_FALSE(BakeBaseColor(mesh, mesh, 0).ok());
  EXPECT_FALSE(BakeBaseColor(mesh, Torus(3, 3), 16).ok());
  mesh.materials[0].texture.resize(60);
  EXPECT_THAT(
      BakeBaseColor(mesh, mesh, 16),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"hide\"")));
  const Mesh target = Unwrap(mesh, 64).mesh;
  EXPECT_THAT(
      BakeBaseColor(mesh, target, 16),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"hide\"")));
}

}  // namespace
}  // namespace phosphene
