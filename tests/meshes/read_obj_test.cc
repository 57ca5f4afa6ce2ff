// What an OBJ file may say, and what is answered to one that is broken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/imaging/encode.h"
#include "server/meshes/read_mesh.h"
#include "server/meshes/vector_math.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kSquare[] = R"(
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
vt 0 0
vt 1 0
vt 1 1
vt 0 1
)";

double AreaOf(const Mesh& mesh) {
  double area = 0;
  for (const MeshTriangle& t : mesh.triangles) {
    area += Length(AreaVector(Point3(mesh.positions[t.position[0]]),
                              Point3(mesh.positions[t.position[1]]),
                              Point3(mesh.positions[t.position[2]])));
  }
  return area / 2;
}

Mesh MustRead(const std::string& obj) {
  auto mesh = ReadMesh(obj);
  EXPECT_THAT(mesh, IsOk());
  return mesh.ok() ? *std::move(mesh) : Mesh();
}

MATCHER_P(IsRefused, message, "is refused") {
  return testing::ExplainMatchResult(
      StatusIs(absl::StatusCode::kInvalidArgument, message), ReadMesh(arg),
      result_listener);
}

TEST(ReadObj, ReadsCornersInEveryNotation) {
  for (const char* face :
       {"f 1/1 2/2 3/3 4/4", "f 1/1/1 2/2/1 3/3/1 4/4/1",
        "f -4/-4 -3/-3 -2/-2 -1/-1", "f +1/1/ 2/2/ 3/3/ 4/4"}) {
    const Mesh mesh = MustRead(absl::StrCat(kSquare, "vn 0 0 1\n", face));
    EXPECT_EQ(mesh.triangles.size(), 2) << face;
    EXPECT_EQ(mesh.positions.size(), 4) << face;
    EXPECT_EQ(mesh.uvs.size(), 4) << face;
    EXPECT_DOUBLE_EQ(AreaOf(mesh), 1) << face;
    EXPECT_THAT(mesh.notes, IsEmpty()) << face;
  }
  for (const char* face :
       {"f 1 2 3 4", "f 1//1 2//1 3//1 4//1", "f 1// 2// 3// 4//"})
    EXPECT_FALSE(MustRead(absl::StrCat(kSquare, face)).has_uvs()) << face;
}

TEST(ReadObj, TakesWhatWritersWrite) {
  const std::string plain =
      absl::StrCat(kSquare, "f 1/1 2/2 3/3 # a comment\n");
  EXPECT_EQ(MustRead(absl::StrReplaceAll(plain, {{"\n", "\r\n"}})).uvs.size(),
            3);
  EXPECT_EQ(MustRead(absl::StrReplaceAll(plain, {{"\n", "\r"}})).uvs.size(), 3);
  EXPECT_EQ(MustRead(absl::StrReplaceAll(plain, {{" ", "\t  "}})).uvs.size(),
            3);
  EXPECT_EQ(MustRead("\xEF\xBB\xBF" + plain).uvs.size(), 3);
  EXPECT_EQ(MustRead(absl::StrCat(kSquare, "f 1/1 2/2 \\\n 3/3\n")).uvs.size(),
            3);
  const Mesh mesh = MustRead(
      "v +1e2 -.5E+1 2.e-1 1 .5 .5 .5#c\nv 0 0 0 # c\nv 1. 0 0\nf 1 2 3#c");
  EXPECT_FLOAT_EQ(mesh.positions[0].x, 100);
  EXPECT_FLOAT_EQ(mesh.positions[0].y, -5);
  EXPECT_FLOAT_EQ(mesh.positions[0].z, .2f);
}

TEST(ReadObj, FacesMayComeBeforeTheirVertices) {
  EXPECT_EQ(MustRead("f 1 2 3\nv 0 0 0\nv 1 0 0\nv 0 1 0\n").triangles.size(),
            1);
}

TEST(ReadObj, KeepsFortyMaterialsApart) {
  std::string obj = kSquare;
  for (int i = 0; i < 80; ++i) {
    absl::StrAppend(&obj, "g part ", i, "\no thing\nusemtl Material #", i % 40,
                    "\nf 1 2 ", 3 + i % 2, "\n");
  }
  const Mesh mesh = MustRead("mtllib a.mtl\n" + obj);
  ASSERT_EQ(mesh.materials.size(), 40);
  ASSERT_EQ(mesh.triangles.size(), 80);
  for (int i = 0; i < 80; ++i) {
    ASSERT_EQ(mesh.triangles[i].material, i % 40);
    EXPECT_EQ(mesh.materials[i % 40].name, absl::StrCat("Material #", i % 40));
  }
  EXPECT_THAT(mesh.notes, ElementsAre(HasSubstr("another file")));
  EXPECT_EQ(MustRead(absl::StrCat(kSquare, "f 1 2 3")).triangles[0].material,
            -1);
}

TEST(ReadObj, CarriesItsMaterials) {
  const Image8 picture = {1, 1, 3, {255, 0, 0}};
  const std::string png = *EncodePng(picture);
  const Mesh mesh = MustRead(
      absl::StrCat(kSquare, "usemtl red hide\nf 1 2 3\nusemtl plain\nf 1 3 4\n",
                   "# phosphene mtl\r\nnewmtl red hide\r\nKd .5 1 0\r\nmap_Kd "
                   "data:image/png;base64,",
                   absl::Base64Escape(png),
                   "\r\nnewmtl plain\nmap_Kd x.png\nnewmtl unused\n"));
  ASSERT_EQ(mesh.materials.size(), 2);
  EXPECT_EQ(mesh.materials[0].texture, png);
  EXPECT_THAT(mesh.materials[0].base_color, ElementsAre(.5f, 1, 0));
  EXPECT_EQ(mesh.materials[1].texture, "");
  EXPECT_THAT(mesh.notes,
              ElementsAre(HasSubstr("1 picture is in other files")));
  EXPECT_THAT(
      absl::StrCat(kSquare, "usemtl a\nf 1 2 3\n# phosphene mtl\nnewmtl a\n",
                   "map_Kd data:image/png;base64,%%\n"),
      IsRefused(HasSubstr("\"a\"")));
}

TEST(ReadObj, CutsPolygonsOfAnyShape) {
  // A star of 300 corners: the loader's own list ends at 255.
  std::string obj, face = "f";
  const int corners = 300;
  double area = 0;
  for (int i = 0; i < corners; ++i) {
    const double r = i % 2 == 0 ? 2 : 1, a = 2 * M_PI * i / corners;
    absl::StrAppend(&obj, "v ", r * std::cos(a), " 0 ", r * std::sin(a), "\n");
    absl::StrAppend(&face, " ", i + 1);
    area += std::sin(2 * M_PI / corners);
  }
  const Mesh mesh = MustRead(obj + face);
  EXPECT_EQ(mesh.triangles.size(), corners - 2);
  EXPECT_NEAR(AreaOf(mesh), area, 1e-4);
}

TEST(ReadObj, PartialUvsCountAsNone) {
  const Mesh mesh = MustRead(absl::StrCat(kSquare, "f 1/1 2/2 3/3\nf 1 3 4\n"));
  EXPECT_FALSE(mesh.has_uvs());
  EXPECT_THAT(mesh.notes, ElementsAre(HasSubstr("1 face has no UVs")));
}

TEST(ReadObj, CoordinatesMayBeFarOut) {
  std::string obj;
  for (int i = 0; i < 3; ++i)
    absl::StrAppend(&obj, "v ", 1000000 + 100 * (i == 1), " ",
                    2000000 + 100 * (i == 2), " -5e6\n");
  EXPECT_NEAR(AreaOf(MustRead(obj + "f 1 2 3")), 5000, 50);
}

TEST(ReadObj, RefusesIndicesOutsideTheArrays) {
  for (const char* face :
       {"f 1 2 5", "f 1 2 2147483647", "f -5 -4 -3", "f 0 1 2",
        "f 1 2 -2147483648", "f 1/1 2/2 3/9", "f 1/1 2/2 3/-9"})
    EXPECT_THAT(absl::StrCat(kSquare, face), IsRefused(testing::_)) << face;
  EXPECT_THAT(absl::StrCat(kSquare, "f 1 2 99\n"),
              IsRefused("OBJ: face 1 names vertex 99; the file has 4"));
  EXPECT_THAT(absl::StrCat(kSquare, "f 1/1 2/2 3/99\n"),
              IsRefused("names UV 99; the file has 4"));
}

TEST(ReadObj, RefusesWhatIsNoNumber) {
  for (const char* number : {"nan", "inf", "-inf", "1.#QNAN", "1e999999999999",
                             "1e400", "0x10", "1,5", "", "--1", "1e", "."}) {
    EXPECT_THAT(absl::StrCat("v 0 0 ", number, "\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"),
                IsRefused(testing::_))
        << number;
  }
  EXPECT_THAT("v 0 0 0\nv 1 0 x\n",
              IsRefused("line 2 has \"x\", not a number"));
  EXPECT_THAT("v 0 0 0\nv 1 0 0\nf 1 2 a/b\n", IsRefused("line 3 has \"a/b\""));
}

TEST(ReadObj, RefusesFilesWithoutASurface) {
  EXPECT_THAT(kSquare, IsRefused("no faces"));
  EXPECT_THAT(absl::StrCat(kSquare, "f 1 1 2\n"),
              IsRefused("none of 1 triangles"));
  EXPECT_THAT(absl::StrCat(kSquare, "f 1 2\n"), IsRefused("2 corners"));
  EXPECT_THAT("", IsRefused("empty"));
  EXPECT_THAT("hello\n", IsRefused("neither"));
  EXPECT_THAT(std::string("v 0 0 0\n\0", 9), IsRefused("neither"));
}

TEST(ReadObj, HoldsItsLimits) {
  std::string polygon = absl::StrCat(kSquare, "f");
  for (int i = 0; i < 1001; ++i) polygon += " 1";
  EXPECT_THAT(polygon, IsRefused("1001 corners; allowed are 1000"));
  EXPECT_THAT("v 0 0 0 " + std::string(1 << 17, '1'), IsRefused("bytes"));
  const std::string obj = absl::StrCat(kSquare, "f 1 2 3 4\n");
  EXPECT_THAT(
      ReadMesh(obj, {.max_triangles = 1}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 10")));
  EXPECT_THAT(
      ReadMesh(obj, {.max_vertices = 3}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("too many")));
  EXPECT_THAT(ReadMesh(obj, {.max_bytes = 10}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("bytes")));
  EXPECT_THAT(
      ReadMesh(absl::StrCat(kSquare, "usemtl a\nusemtl b\nf 1 2 3"),
               {.max_materials = 1}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("material")));
}

}  // namespace
}  // namespace phosphene
