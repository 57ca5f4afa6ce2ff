#include "server/meshes/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/meshes/read_mesh.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kSquare[] =
    "v 0 0 0\nv 2 0 0\nv 2 1 0\nv 0 1 0\n"
    "vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nvt .5 .5\nvt 1 1\nvt 2 2\nvt 1 2\n";

Mesh MustRead(const std::string& obj) {
  auto mesh = ReadMesh(obj);
  EXPECT_THAT(mesh, IsOk());
  return mesh.ok() ? *std::move(mesh) : Mesh();
}

TEST(Topology, AnEdgeInsideIsNoSeamAndTheBorderIsNeither) {
  const SurfaceEdges edges =
      FindEdges(MustRead(absl::StrCat(kSquare, "f 1/1 2/2 3/3 4/4\n")));
  EXPECT_THAT(edges.seams, IsEmpty());
  ASSERT_THAT(edges.interior, SizeIs(1));
  EXPECT_DOUBLE_EQ(edges.interior[0].length, std::sqrt(5.0));
  EXPECT_EQ(edges.boundary_edges, 4);
  EXPECT_EQ(edges.crowded_edges, 0);
}

// Both sides of a seam begin at the same end, however the faces run.
TEST(Topology, BothSidesOfASeamHaveMatchingEnds) {
  for (const char* faces :
       {"f 1/1 2/2 3/3\nf 1/2 3/5 4/4\n", "f 2/2 3/3 1/1\nf 4/4 3/5 1/2\n"}) {
    const Mesh mesh = MustRead(absl::StrCat(kSquare, faces));
    const auto seams = SeamEdges(mesh);
    ASSERT_THAT(seams, SizeIs(1));
    for (int end = 0; end < 2; ++end) {
      const bool at_origin = mesh.positions[seams[0].position[end]].x == 0;
      const Vec2 a = seams[0].side[0].uv[end], b = seams[0].side[1].uv[end];
      EXPECT_EQ(a.x, at_origin ? 0 : 1);
      EXPECT_EQ(b.x, at_origin ? 1 : .5f);
      EXPECT_EQ(b.y, at_origin ? 0 : .5f);
    }
  }
}

TEST(Topology, EqualUvsOfOtherNumbersAndWrappedOnesAreNoSeams) {
  // 3/6 is 3/3 once more; 6, 7, 8 are a copy of 1, 3, 4, one up and right.
  for (const char* face : {"f 1/1 3/6 4/4\n", "f 1/6 3/7 4/8\n"}) {
    const SurfaceEdges edges =
        FindEdges(MustRead(absl::StrCat(kSquare, "f 1/1 2/2 3/3\n", face)));
    EXPECT_THAT(edges.seams, IsEmpty()) << face;
    EXPECT_THAT(edges.interior, SizeIs(1)) << face;
  }
}

TEST(Topology, ThreeTrianglesAtAnEdgeMakeTwoPairs) {
  const SurfaceEdges edges = FindEdges(
      MustRead(absl::StrCat(kSquare, "v 0 0 1\nf 1 2 3\nf 1 2 4\nf 1 2 5\n")));
  ASSERT_THAT(edges.interior, SizeIs(2));
  EXPECT_EQ(edges.crowded_edges, 1);
  EXPECT_EQ(edges.interior[0].side[1].triangle, 1);
  EXPECT_EQ(edges.interior[1].side[0].triangle, 1);
}

TEST(Topology, SplitVerticesOfRealMeshesAreSeamsNotBorders) {
  const std::string path = "../shared/meshes/spot.obj";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path;
  std::ifstream file(path);
  const SurfaceEdges edges = FindEdges(
      MustRead(std::string(std::istreambuf_iterator<char>(file), {})));
  EXPECT_THAT(edges.seams, SizeIs(288));
  EXPECT_EQ(edges.boundary_edges, 0);
  EXPECT_EQ(2 * (edges.seams.size() + edges.interior.size()), 3 * 5856);
}

}  // namespace
}  // namespace phosphene
