#include "server/meshes/write/obj.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "server/imaging/decode.h"
#include "tests/imaging/pictures.h"
#include "tests/meshes/write_shapes.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;

// What stands after `word` on the lines that begin with it.
std::vector<std::string> Lines(const std::string& text,
                               const std::string& word) {
  std::vector<std::string> found;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StartsWith(line, word + " ")) {
      found.emplace_back(line.substr(word.size() + 1));
    }
  }
  return found;
}

TEST(EncodeObj, FloatsReadBackToTheSameBits) {
  Mesh mesh = Cube();
  mesh.positions[0] = {0.1f, -1.17549435e-38f, 3.40282347e38f};
  mesh.positions[1] = {16777217.f, 1.f / 3, -0.f};
  mesh.uvs[5] = {-12.0000010f, 1e-20f};
  const auto files = EncodeObj(mesh, Gradient(6, 4, 3), "cube");
  ASSERT_THAT(files, IsOk());
  const auto v = Lines(files->obj, "v"), vt = Lines(files->obj, "vt");
  ASSERT_EQ(v.size(), mesh.positions.size());
  ASSERT_EQ(vt.size(), mesh.uvs.size());
  for (size_t p = 0; p < v.size(); ++p) {
    Vec3 read;
    ASSERT_EQ(sscanf(v[p].c_str(), "%f %f %f", &read.x, &read.y, &read.z), 3);
    EXPECT_EQ(read.x, mesh.positions[p].x);
    EXPECT_EQ(read.y, mesh.positions[p].y);
    EXPECT_EQ(read.z, mesh.positions[p].z);
  }
  for (size_t t = 0; t < vt.size(); ++t) {
    Vec2 read;
    ASSERT_EQ(sscanf(vt[t].c_str(), "%f %f", &read.x, &read.y), 2);
    EXPECT_EQ(read.x, mesh.uvs[t].x);
    EXPECT_EQ(read.y, mesh.uvs[t].y);
  }
}

TEST(EncodeObj, FacesKeepTheirCorners) {
  const Mesh mesh = Torus(5, 4);
  const auto files = EncodeObj(mesh, Gradient(4, 4, 3), "t");
  ASSERT_THAT(files, IsOk());
  const auto f = Lines(files->obj, "f");
  ASSERT_EQ(f.size(), mesh.triangles.size());
  for (size_t t = 0; t < f.size(); ++t) {
    unsigned p[3], uv[3];
    ASSERT_EQ(sscanf(f[t].c_str(), "%u/%u %u/%u %u/%u", &p[0], &uv[0], &p[1],
                     &uv[1], &p[2], &uv[2]),
              6);
    for (int c = 0; c < 3; ++c) {
      EXPECT_EQ(p[c], mesh.triangles[t].position[c] + 1);
      EXPECT_EQ(uv[c], mesh.triangles[t].uv[c] + 1);
    }
  }
}

TEST(EncodeObj, FilesNameEachOtherWithoutFolders) {
  const Image8 atlas = Gradient(6, 4, 3);
  const auto files = EncodeObj(Cube(), atlas, "spot-2.final");
  ASSERT_THAT(files, IsOk());
  EXPECT_THAT(files->obj, HasSubstr("\nmtllib spot-2.final.mtl\n"));
  EXPECT_THAT(files->obj, HasSubstr("\nusemtl atlas\n"));
  EXPECT_THAT(files->mtl, HasSubstr("\nnewmtl atlas\n"));
  EXPECT_THAT(files->mtl, HasSubstr("\nKa 1 1 1\nKd 1 1 1\nKs 0 0 0\nillum 1\n"
                                    "map_Kd spot-2.final.png\n"));
  const auto png = DecodeImage(files->png);
  ASSERT_THAT(png, IsOk());
  EXPECT_EQ(MaxDifference(*png, atlas), 0);
}

TEST(EncodeObj, RefusesNamesThatBreakTheFile) {
  const std::string long_name(64, 'a');
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("../a"),
        std::string("a\nb"), std::string("sch\xc3\xb6n"), long_name}) {
    EXPECT_THAT(EncodeObj(Cube(), Gradient(4, 4, 3), name),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("name")))
        << name;
  }
}

}  // namespace
}  // namespace phosphene
