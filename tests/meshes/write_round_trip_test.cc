// What the writers write, read again by the reader of meshes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "server/imaging/decode.h"
#include "server/meshes/read_mesh.h"
#include "server/meshes/write/glb.h"
#include "server/meshes/write/obj.h"
#include "tests/imaging/pictures.h"
#include "tests/meshes/write_shapes.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

// Meshes here, and those of the shared folder where it is.
std::vector<Mesh> Meshes() {
  std::vector<Mesh> meshes = {Cube(), Torus(7, 5), Torus(260, 257)};
  for (const char* name : {"spot.obj", "bob.obj", "blub.glb", "avocado.obj"}) {
    std::ifstream file(std::string("../shared/meshes/") + name,
                       std::ios::binary);
    if (!file) continue;
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    auto mesh = ReadMesh(bytes);
    EXPECT_THAT(mesh, IsOk()) << name;
    if (mesh.ok() && mesh->has_uvs()) meshes.push_back(*std::move(mesh));
  }
  return meshes;
}

Vec3 At(const Mesh& mesh, size_t corner) {
  return mesh.positions[mesh.triangles[corner / 3].position[corner % 3]];
}
Vec2 Uv(const Mesh& mesh, size_t corner) {
  return mesh.uvs[mesh.triangles[corner / 3].uv[corner % 3]];
}

// Faces in their order, each corner with the same position, to the bit, and a
// UV as near as `uv_error` times the larger of 1 and its size; a point of the
// surface is one position before and after.
void ExpectSame(const Mesh& read, const Mesh& mesh, float uv_error) {
  ASSERT_EQ(read.triangles.size(), mesh.triangles.size());
  std::vector<int64_t> place(mesh.positions.size(), -1);
  for (size_t corner = 0; corner < 3 * mesh.triangles.size(); ++corner) {
    const Vec3 a = At(read, corner), b = At(mesh, corner);
    ASSERT_EQ(a.x, b.x);
    ASSERT_EQ(a.y, b.y);
    ASSERT_EQ(a.z, b.z);
    const Vec2 s = Uv(read, corner), t = Uv(mesh, corner);
    ASSERT_EQ(s.x, t.x);
    ASSERT_LE(std::abs(s.y - t.y), uv_error * std::max(1.f, std::abs(t.y)));
    int64_t& here = place[mesh.triangles[corner / 3].position[corner % 3]];
    const int64_t there = read.triangles[corner / 3].position[corner % 3];
    if (here < 0) here = there;
    ASSERT_EQ(here, there) << "seams are welded again";
  }
}

TEST(WriteAndRead, ObjComesBackToTheBit) {
  for (const Mesh& mesh : Meshes()) {
    const auto files = EncodeObj(mesh, Gradient(8, 8, 3), "it");
    ASSERT_THAT(files, IsOk());
    const auto read = ReadMesh(files->obj);
    ASSERT_THAT(read, IsOk());
    ExpectSame(*read, mesh, 0);
  }
}

// v is turned over twice, which costs a rounding of numbers near 1 each.
TEST(WriteAndRead, GlbComesBackToTheBitButForTheTurnOfV) {
  const Image8 atlas = Gradient(8, 8, 3);
  for (const Mesh& mesh : Meshes()) {
    const auto file = EncodeGlb(mesh, atlas);
    ASSERT_THAT(file, IsOk());
    const auto read = ReadMesh(*file);
    ASSERT_THAT(read, IsOk());
    ExpectSame(*read, mesh, 1.2e-7f);
    ASSERT_EQ(read->materials.size(), 1u);
    const auto picture = DecodeImage(read->materials[0].texture);
    ASSERT_THAT(picture, IsOk());
    EXPECT_EQ(MaxDifference(*picture, atlas), 0);
  }
}

}  // namespace
}  // namespace phosphene
