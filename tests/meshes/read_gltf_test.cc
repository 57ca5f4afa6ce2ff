// What a glTF file may hold: every way to say a triangle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "absl/strings/escaping.h"
#include "server/imaging/encode.h"
#include "server/meshes/read_mesh.h"
#include "server/meshes/vector_math.h"
#include "tests/meshes/gltf_builder.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Mesh MustRead(const std::string& file) {
  auto mesh = ReadMesh(file);
  EXPECT_THAT(mesh, IsOk());
  return mesh.ok() ? *std::move(mesh) : Mesh();
}

Point3 AreaVectorOf(const Mesh& mesh) {
  Point3 sum;
  for (const MeshTriangle& t : mesh.triangles) {
    sum = sum + AreaVector(Point3(mesh.positions[t.position[0]]),
                           Point3(mesh.positions[t.position[1]]),
                           Point3(mesh.positions[t.position[2]])) *
                    .5;
  }
  return sum;
}

std::string RedPng() {
  return *EncodePng(
      Image8{.width = 1, .height = 1, .channels = 3, .pixels = {255, 0, 0}});
}

TEST(ReadGltf, GlbAndTextSayTheSame) {
  GltfBuilder file;
  file.AddQuad();
  const Mesh glb = MustRead(file.Glb()), text = MustRead(" \n" + file.Text());
  EXPECT_THAT(glb.triangles, SizeIs(2));
  EXPECT_THAT(glb.positions, SizeIs(4));
  EXPECT_THAT(glb.uvs, SizeIs(4));
  EXPECT_THAT(glb.notes, IsEmpty());
  EXPECT_EQ(text.triangles.size(), 2);
  EXPECT_NEAR(AreaVectorOf(glb).z, 1, 1e-12);
  // v runs upwards: the corner (0, 0) had v = 1 in the file.
  EXPECT_EQ(glb.uvs[glb.triangles[0].uv[0]].y, 0);
}

TEST(ReadGltf, ReadsListsStripsAndFansWithAnyIndexOrNone) {
  for (const int width : {0, 1, 2, 4}) {
    for (const int mode : {4, 5, 6}) {
      GltfBuilder file;
      std::vector<uint32_t> order = {0, 1, 2, 0, 2, 3};
      if (mode == 5) order = {0, 1, 3, 2};
      if (mode == 6) order = {0, 1, 2, 3};
      const std::vector<float> square = {0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0};
      nlohmann::json primitive = {{"mode", mode}};
      if (width == 0) {
        std::vector<float> positions;
        for (uint32_t at : order)
          positions.insert(positions.end(), &square[size_t{3} * at],
                           &square[size_t{3} * at] + 3);
        primitive["attributes"]["POSITION"] = file.Floats(positions, "VEC3");
      } else {
        primitive["attributes"]["POSITION"] = file.Floats(square, "VEC3");
        const std::vector<uint8_t> u8(order.begin(), order.end());
        const std::vector<uint16_t> u16(order.begin(), order.end());
        primitive["indices"] = width == 1 ? file.Accessor(u8, "SCALAR", 5121)
                               : width == 2
                                   ? file.Indices(u16)
                                   : file.Accessor(order, "SCALAR", 5125);
      }
      file.Node({{"mesh", file.Mesh(primitive)}});
      const Mesh mesh = MustRead(file.Glb());
      EXPECT_THAT(mesh.triangles, SizeIs(2)) << width << " " << mode;
      EXPECT_THAT(mesh.positions, SizeIs(4)) << width << " " << mode;
      EXPECT_NEAR(AreaVectorOf(mesh).z, 1, 1e-12) << width << " " << mode;
    }
  }
}

TEST(ReadGltf, StripsMayBeStitched) {
  GltfBuilder file;
  const int position =
      file.Floats({0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0}, "VEC3");
  file.Node(
      {{"mesh", file.Mesh({{"mode", 5},
                           {"attributes", {{"POSITION", position}}},
                           {"indices", file.Indices({0, 1, 2, 2, 3, 3})}})}});
  const Mesh mesh = MustRead(file.Glb());
  EXPECT_THAT(mesh.triangles, SizeIs(1));
  EXPECT_THAT(mesh.notes, IsEmpty());
}

TEST(ReadGltf, NodesMoveTurnScaleAndMirror) {
  GltfBuilder file;
  const int mesh = file.AddQuad();
  const double half = std::sqrt(.5);
  file.root["nodes"][0] = {{"children", {1, 2}}, {"translation", {10, 0, 0}}};
  // A quarter turn about x takes the normal from +z to -y; doubled in size.
  file.root["nodes"].push_back(
      {{"mesh", mesh}, {"rotation", {half, 0, 0, half}}, {"scale", {2, 2, 2}}});
  // Mirrored in x: the surface stays right side out, so +z stays outside.
  file.root["nodes"].push_back(
      {{"mesh", mesh},
       {"matrix", {-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 7, 1}}});
  const Mesh both = MustRead(file.Glb());
  ASSERT_THAT(both.triangles, SizeIs(4));
  EXPECT_NEAR(AreaVectorOf(both).y, -4, 1e-6);
  EXPECT_NEAR(AreaVectorOf(both).z, 1, 1e-6);
  float least = 100, most = -100;
  for (const Vec3& p : both.positions) {
    least = std::min(least, p.x);
    most = std::max(most, p.x);
  }
  EXPECT_FLOAT_EQ(least, 9);
  EXPECT_FLOAT_EQ(most, 12);
}

TEST(ReadGltf, ThousandsOfNodesMayHangInARow) {
  GltfBuilder file;
  const int mesh = file.AddQuad();
  const int count = 50000;
  for (int i = 0; i < count; ++i)
    file.root["nodes"].push_back({{"children", {i + 2}}});
  file.root["nodes"].push_back({{"mesh", mesh}});
  file.root["scenes"][0]["nodes"] = {1};
  EXPECT_THAT(MustRead(file.Glb()).triangles, SizeIs(2));
}

TEST(ReadGltf, WithoutSceneAllRootsCountAndWithoutNodesAllMeshes) {
  GltfBuilder file;
  file.AddQuad();
  file.root.erase("scene");
  EXPECT_THAT(MustRead(file.Glb()).triangles, SizeIs(2));
  file.root.erase("scenes");
  EXPECT_THAT(MustRead(file.Glb()).triangles, SizeIs(2));
  file.root.erase("nodes");
  EXPECT_THAT(MustRead(file.Glb()).triangles, SizeIs(2));
}

TEST(ReadGltf, ReadsInterleavedNormalizedAndQuantizedNumbers) {
  GltfBuilder file;
  // Rows of 20 bytes: position i16 x 3 (padded), UV u16 x 2, 8 bytes of air.
  const int16_t corners[4][2] = {{0, 0}, {100, 0}, {100, 100}, {0, 100}};
  std::string rows;
  for (const auto& corner : corners) {
    int16_t row[10] = {corner[0], corner[1], 5};
    const uint16_t uv[2] = {static_cast<uint16_t>(corner[0] ? 65535 : 0),
                            static_cast<uint16_t>(corner[1] ? 32768 : 0)};
    std::memcpy(row + 4, uv, sizeof(uv));
    rows.append(reinterpret_cast<const char*>(row), sizeof(row));
  }
  const int view = file.View(rows);
  file.root["bufferViews"][view]["byteStride"] = 20;
  file.root["extensionsRequired"] = {"KHR_mesh_quantization"};
  file.root["accessors"] = {{{"bufferView", view},
                             {"componentType", 5122},
                             {"count", 4},
                             {"type", "VEC3"}},
                            {{"bufferView", view},
                             {"byteOffset", 8},
                             {"componentType", 5123},
                             {"normalized", true},
                             {"count", 4},
                             {"type", "VEC2"}}};
  file.Node({{"mesh", file.Mesh({{"mode", 6},
                                 {"attributes",
                                  {{"POSITION", 0}, {"TEXCOORD_0", 1}}}})}});
  const Mesh mesh = MustRead(file.Glb());
  EXPECT_NEAR(AreaVectorOf(mesh).z, 10000, 1e-6);
  ASSERT_TRUE(mesh.has_uvs());
  EXPECT_FLOAT_EQ(mesh.uvs[mesh.triangles[0].uv[1]].x, 1);
  EXPECT_NEAR(mesh.uvs[mesh.triangles[0].uv[2]].y, .5, 1e-4);
}

TEST(ReadGltf, SparseValuesReplaceOthersOrZeros) {
  for (const bool with_base : {true, false}) {
    GltfBuilder file;
    const int position = file.Floats({0, 0, 0, 1, 0, 0, 0, 1, 0}, "VEC3");
    const std::vector<float> values = {3, 0, 0, 0, 5, 0};
    const int indices = file.View(std::string("\1\2", 2));
    const int view = file.View(std::string(
        reinterpret_cast<const char*>(values.data()), 4 * values.size()));
    auto& accessor = file.root["accessors"][position];
    if (!with_base) accessor.erase("bufferView");
    accessor["sparse"] = {
        {"count", 2},
        {"indices", {{"bufferView", indices}, {"componentType", 5121}}},
        {"values", {{"bufferView", view}}}};
    file.Node(
        {{"mesh", file.Mesh({{"attributes", {{"POSITION", position}}}})}});
    EXPECT_NEAR(AreaVectorOf(MustRead(file.Glb())).z, 7.5, 1e-6);
  }
}

TEST(ReadGltf, MaterialsBringColourPictureAndTheirUvs) {
  GltfBuilder file;
  const int material = file.Material("hide", RedPng());
  auto& pbr = file.root["materials"][material]["pbrMetallicRoughness"];
  pbr["baseColorFactor"] = {1, .2140411, 0, 1};
  pbr["baseColorTexture"]["texCoord"] = 0;
  pbr["baseColorTexture"]["extensions"]["KHR_texture_transform"] = {
      {"offset", {.5, 0}},
      {"scale", {.5, 1}},
      {"rotation", 0},
      {"texCoord", 2}};
  const int quad = file.AddQuad();
  auto& primitive = file.root["meshes"][quad]["primitives"][0];
  primitive["material"] = material;
  primitive["attributes"]["TEXCOORD_2"] =
      file.Floats({0, 0, 1, 0, 1, 1, 0, 1}, "VEC2");
  const Mesh mesh = MustRead(file.Glb());
  ASSERT_THAT(mesh.materials, SizeIs(1));
  EXPECT_EQ(mesh.materials[0].name, "hide");
  EXPECT_EQ(mesh.materials[0].texture, RedPng());
  EXPECT_NEAR(mesh.materials[0].base_color[1], .5, 1e-3);
  const auto& uv = mesh.triangles[0].uv;
  EXPECT_FLOAT_EQ(mesh.uvs[uv[0]].x, .5);
  EXPECT_FLOAT_EQ(mesh.uvs[uv[1]].x, 1);
  EXPECT_FLOAT_EQ(mesh.uvs[uv[0]].y, 1);
}

// As the sample viewer of its authors and three.js turn them: counterclockwise
// where v runs down.
TEST(ReadGltf, TextureTransformTurnsTheScaledUvs) {
  GltfBuilder file;
  const int material = file.Material("hide", RedPng());
  file.root["materials"][material]["pbrMetallicRoughness"]["baseColorTexture"]
           ["extensions"]["KHR_texture_transform"] = {{"rotation", M_PI / 2},
                                                      {"scale", {2, 3}}};
  file.root["meshes"][file.AddQuad()]["primitives"][0]["material"] = material;
  const Mesh mesh = MustRead(file.Glb());
  // (1, 1) of the file's second corner: u' = 3 v, v' = -2 u.
  const Vec2& uv = mesh.uvs[mesh.triangles[0].uv[1]];
  EXPECT_NEAR(uv.x, 3, 1e-6);
  EXPECT_NEAR(uv.y, 1 + 2, 1e-6);
}

TEST(ReadGltf, PicturesMayBeDataUrisAndThoseElsewhereAreNoted) {
  GltfBuilder file;
  const int material = file.Material("hide", RedPng());
  file.root["meshes"][file.AddQuad()]["primitives"][0]["material"] = material;
  file.root["images"][0] = {
      {"uri", "data:image/png;base64," + absl::Base64Escape(RedPng())}};
  EXPECT_EQ(MustRead(file.Text()).materials[0].texture, RedPng());
  file.root["images"][0] = {{"uri", "Textures/colormap.png"}};
  const Mesh outside = MustRead(file.Glb());
  EXPECT_EQ(outside.materials[0].texture, "");
  EXPECT_THAT(outside.notes, ElementsAre(HasSubstr("another file")));
  file.root["images"][0] = {{"uri", "data:image/ktx2,abc"}};
  EXPECT_THAT(MustRead(file.Glb()).notes,
              ElementsAre(HasSubstr("neither PNG")));
}

TEST(ReadGltf, NotesWhatItLeavesOut) {
  GltfBuilder file;
  const int quad = file.AddQuad();
  auto primitive = file.root["meshes"][quad]["primitives"][0];
  primitive["mode"] = 1;
  file.root["meshes"][quad]["primitives"].push_back(primitive);
  file.root["meshes"][quad]["primitives"][0]["attributes"]["COLOR_0"] = 0;
  file.root["nodes"][0]["skin"] = 0;
  EXPECT_THAT(MustRead(file.Glb()).notes, SizeIs(3));
}

}  // namespace
}  // namespace phosphene
