#include "server/meshes/write/ply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/meshes/write/divide.h"
#include "tests/imaging/pictures.h"
#include "tests/meshes/write_shapes.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;

using Triangles = std::vector<std::array<uint32_t, 3>>;

// True when every edge is of two faces that turn the same way: a closed
// surface without T-junctions.
bool Closed(const Triangles& triangles) {
  std::map<std::pair<uint32_t, uint32_t>, int> edges;
  for (const auto& t : triangles) {
    for (int c = 0; c < 3; ++c) ++edges[{t[c], t[(c + 1) % 3]}];
  }
  for (const auto& [edge, count] : edges) {
    const auto back = edges.find({edge.second, edge.first});
    if (count != 1 || back == edges.end() || back->second != 1) return false;
  }
  return true;
}

Triangles Faces(const Mesh& mesh) {
  Triangles faces;
  for (const auto& t : mesh.triangles) faces.push_back(t.position);
  return faces;
}

// Six times the volume inside; holes and flipped faces change it.
double Volume(const Mesh& mesh) {
  double sum = 0;
  for (const auto& t : mesh.triangles) {
    const Vec3 &a = mesh.positions[t.position[0]],
               &b = mesh.positions[t.position[1]],
               &c = mesh.positions[t.position[2]];
    sum += double{a.x} * (double{b.y} * c.z - double{b.z} * c.y) +
           double{a.y} * (double{b.z} * c.x - double{b.x} * c.z) +
           double{a.z} * (double{b.x} * c.y - double{b.y} * c.x);
  }
  return sum;
}

double LongestEdge(const Mesh& mesh, int width, int height) {
  double longest = 0;
  for (const auto& t : mesh.triangles) {
    for (int c = 0; c < 3; ++c) {
      const Vec2 &a = mesh.uvs[t.uv[c]], &b = mesh.uvs[t.uv[(c + 1) % 3]];
      longest = std::max(longest, std::hypot((double{a.x} - b.x) * width,
                                             (double{a.y} - b.y) * height));
    }
  }
  return longest;
}

TEST(Divide, CutsUntilEveryEdgeIsShortAndKeepsTheSurface) {
  for (const Mesh& mesh : {Cube(), Torus(7, 5)}) {
    DivideOptions options;
    options.width = 60;
    options.height = 90;
    const Mesh fine = Divide(mesh, options);
    EXPECT_LE(LongestEdge(fine, 60, 90), 2);
    EXPECT_GT(fine.triangles.size(), mesh.triangles.size());
    EXPECT_TRUE(Closed(Faces(fine)));
    EXPECT_NEAR(Volume(fine), Volume(mesh), 1e-4);
  }
}

TEST(Divide, StopsAtTheLimitWithoutCracks) {
  const Mesh mesh = Torus(7, 5);
  DivideOptions options;
  options.width = options.height = 500;
  for (const int64_t limit : {10, 70, 71, 75, 100, 333, 1000, 4321}) {
    options.max_triangles = limit;
    const Mesh fine = Divide(mesh, options);
    const auto count = static_cast<int64_t>(fine.triangles.size());
    EXPECT_LE(count, std::max(limit, int64_t{70}));
    EXPECT_GE(count, std::min(limit - 1, limit)) << "the room is used";
    EXPECT_TRUE(Closed(Faces(fine))) << limit;
  }
}

TEST(Divide, TheLongestEdgesGoFirst) {
  DivideOptions options;
  options.width = options.height = 600;
  options.max_triangles = 12 + 6 * 2;  // room for the six diagonals' cuts
  const Mesh cube = Cube();
  const Mesh fine = Divide(cube, options);
  // Diagonals of faces, 180 texels, are cut; edges of 100 and 150 are not.
  EXPECT_EQ(fine.positions.size(), cube.positions.size() + 6);
  EXPECT_NEAR(LongestEdge(fine, 600, 600), 150, .01);
}

TEST(Divide, LeavesAMeshOfShortEdgesAlone) {
  const Mesh mesh = Torus(30, 30);
  DivideOptions options;
  options.width = options.height = 30;
  options.texels = 1.5;
  const Mesh same = Divide(mesh, options);
  EXPECT_EQ(Faces(same), Faces(mesh));
  EXPECT_EQ(same.positions.size(), mesh.positions.size());
}

struct Ply {
  struct Vertex {
    Vec3 at;
    std::array<uint8_t, 3> color;
  };
  explicit Ply(const std::string& file) {
    const size_t head = file.find("end_header\n") + 11;
    header = file.substr(0, head);
    size_t count = 0, faces = 0;
    sscanf(header.c_str() + header.find("element vertex"), "element vertex %zu",
           &count);
    sscanf(header.c_str() + header.find("element face"), "element face %zu",
           &faces);
    EXPECT_EQ(file.size(), head + 15 * count + 13 * faces);
    const char* at = file.data() + head;
    for (size_t v = 0; v < count; ++v, at += 15) {
      Vertex vertex;
      std::memcpy(&vertex.at, at, 12);
      std::memcpy(&vertex.color, at + 12, 3);
      vertices.push_back(vertex);
    }
    for (size_t f = 0; f < faces; ++f, at += 13) {
      EXPECT_EQ(*at, 3);
      std::memcpy(&triangles.emplace_back(), at + 1, 12);
    }
  }
  std::string header;
  std::vector<Vertex> vertices;
  Triangles triangles;
};

TEST(EncodePly, HeaderSaysWhatFollows) {
  const auto file = EncodePly(Cube(), Gradient(24, 16, 3));
  ASSERT_THAT(file, IsOk());
  const Ply ply(*file);
  EXPECT_TRUE(
      absl::StartsWith(ply.header, "ply\nformat binary_little_endian 1.0\n"));
  EXPECT_THAT(ply.header,
              testing::HasSubstr("property float x\nproperty float y\nproperty "
                                 "float z\nproperty uchar red\nproperty uchar "
                                 "green\nproperty uchar blue\n"));
  EXPECT_TRUE(Closed(ply.triangles));
}

// Faces of a cube have one colour each: inside of a face vertices have it, on
// an edge the mean of two, in a corner the mean of three.
TEST(EncodePly, SeamsHaveTheMeanOfTheirSides) {
  const std::vector<std::vector<uint8_t>> colors = {
      {240, 0, 0},   {0, 240, 0},   {0, 0, 240},
      {240, 240, 0}, {0, 240, 240}, {240, 0, 240}};
  const auto file = EncodePly(Cube(), CubeAtlas(colors, 16));
  ASSERT_THAT(file, IsOk());
  // The faces of Cube() look along these axes.
  const auto face = [](int axis, bool positive) {
    return axis == 2   ? (positive ? 1 : 0)
           : axis == 1 ? (positive ? 3 : 2)
                       : (positive ? 5 : 4);
  };
  int on_edges = 0;
  for (const auto& vertex : Ply(*file).vertices) {
    const float at[3] = {vertex.at.x, vertex.at.y, vertex.at.z};
    double want[3] = {0, 0, 0};
    int sides = 0;
    for (int axis = 0; axis < 3; ++axis) {
      if (std::abs(at[axis]) != 1) continue;
      ++sides;
      for (int i = 0; i < 3; ++i) {
        want[i] += colors[static_cast<size_t>(face(axis, at[axis] > 0))]
                         [static_cast<size_t>(i)];
      }
    }
    ASSERT_GE(sides, 1);
    on_edges += sides == 2;
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(vertex.color[static_cast<size_t>(i)], want[i] / sides)
          << absl::StrCat(at[0], " ", at[1], " ", at[2]);
    }
  }
  EXPECT_GE(on_edges, 12);
}

TEST(EncodePly, ColoursAreBilinearAndWrap) {
  // One triangle whose corners are the middle of a texel, the middle between
  // two, and the middle between the first and the last column.
  Mesh mesh;
  mesh.positions = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}};
  mesh.uvs = {{.125f, .5f}, {.25f, .5f}, {1.f, 1.5f}};
  mesh.triangles = {{{0, 1, 2}, {0, 1, 2}, -1}};
  Image8 row{4, 1, 3, {0, 0, 0, 100, 100, 100, 200, 200, 200, 50, 50, 50}};
  const auto file = EncodePly(mesh, row, {1});
  ASSERT_THAT(file, IsOk());
  const Ply ply(*file);
  ASSERT_EQ(ply.vertices.size(), 3u) << "the limit is lower than the mesh";
  EXPECT_THAT(ply.vertices[0].color, ElementsAre(0, 0, 0));
  EXPECT_THAT(ply.vertices[1].color, ElementsAre(50, 50, 50));
  EXPECT_THAT(ply.vertices[2].color, ElementsAre(25, 25, 25));
}

TEST(EncodePly, CoarseTrianglesTakeMeansInsteadOfSpeckles) {
  // Black and white by columns; no triangle can show them.
  Image8 stripes{256, 256, 3, {}};
  for (int i = 0; i < 256 * 256; ++i) {
    stripes.pixels.insert(stripes.pixels.end(), 3,
                          static_cast<uint8_t>(i % 2 ? 255 : 0));
  }
  const auto file = EncodePly(Torus(8, 8), stripes, {1000});
  ASSERT_THAT(file, IsOk());
  for (const auto& vertex : Ply(*file).vertices) {
    EXPECT_NEAR(vertex.color[0], 127.5, 20);
  }
}

TEST(EncodePly, SameInputSameBytes) {
  const auto a = EncodePly(Torus(8, 5), Gradient(50, 40, 3), {2000});
  const auto b = EncodePly(Torus(8, 5), Gradient(50, 40, 3), {2000});
  ASSERT_THAT(a, IsOk());
  ASSERT_THAT(b, IsOk());
  EXPECT_EQ(*a, *b);
}

}  // namespace
}  // namespace phosphene
