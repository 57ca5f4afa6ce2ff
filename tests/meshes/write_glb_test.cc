#include "server/meshes/write/glb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "server/imaging/decode.h"
#include "tests/imaging/pictures.h"
#include "tests/meshes/write_shapes.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

uint32_t Word(const std::string& bytes, size_t at) {
  uint32_t word = 0;
  std::memcpy(&word, bytes.data() + at, 4);
  return word;
}

// A GLB taken apart by the rules of the glTF 2.0 specification.
struct Glb {
  explicit Glb(const std::string& file) {
    EXPECT_EQ(file.substr(0, 4), "glTF");
    EXPECT_EQ(Word(file, 4), 2u);
    EXPECT_EQ(Word(file, 8), file.size());
    EXPECT_EQ(file.size() % 4, 0u);
    const size_t json_size = Word(file, 12);
    EXPECT_EQ(json_size % 4, 0u);
    EXPECT_EQ(file.substr(16, 4), "JSON");
    json = Json::parse(file.substr(20, json_size));
    const size_t bin_size = Word(file, 20 + json_size);
    EXPECT_EQ(file.substr(24 + json_size, 4), std::string("BIN\0", 4));
    EXPECT_EQ(28 + json_size + bin_size, file.size());
    bin = file.substr(28 + json_size);
    EXPECT_EQ(json["buffers"].size(), 1u);
    EXPECT_EQ(json["buffers"][0]["byteLength"], bin.size());
    CheckViews();
  }

  void CheckViews() const {
    size_t end = 0;
    for (const Json& view : json["bufferViews"]) {
      const size_t offset = view["byteOffset"], length = view["byteLength"];
      EXPECT_EQ(offset % 4, 0u);
      EXPECT_GE(offset, end);
      EXPECT_LT(offset - end, 4u) << "no gap but the padding";
      end = offset + length;
      EXPECT_LE(end, bin.size());
    }
    for (const Json& accessor : json["accessors"]) {
      const Json& view = json["bufferViews"][size_t{accessor["bufferView"]}];
      const size_t size = size_t{accessor["componentType"] == 5123 ? 2u : 4u} *
                          Components(accessor);
      EXPECT_EQ(size_t{accessor["count"]} * size, view["byteLength"]);
      EXPECT_EQ(view["target"], accessor["type"] == "SCALAR" ? 34963 : 34962);
    }
  }
  static size_t Components(const Json& accessor) {
    return accessor["type"] == "VEC3" ? 3 : accessor["type"] == "VEC2" ? 2 : 1;
  }

  const Json& Accessor(const std::string& attribute) const {
    return json["accessors"][size_t{primitive()["attributes"][attribute]}];
  }
  const Json& primitive() const { return json["meshes"][0]["primitives"][0]; }
  std::string View(size_t view) const {
    const Json& at = json["bufferViews"][view];
    return bin.substr(at["byteOffset"], at["byteLength"]);
  }
  std::vector<float> Floats(const std::string& attribute) const {
    const std::string bytes = View(Accessor(attribute)["bufferView"]);
    std::vector<float> values(bytes.size() / 4);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
  std::vector<uint32_t> Indices() const {
    const Json& accessor = json["accessors"][size_t{primitive()["indices"]}];
    const std::string bytes = View(accessor["bufferView"]);
    std::vector<uint32_t> values;
    const size_t width = accessor["componentType"] == 5123 ? 2 : 4;
    for (size_t at = 0; at < bytes.size(); at += width) {
      uint32_t value = 0;
      std::memcpy(&value, bytes.data() + at, width);
      values.push_back(value);
    }
    return values;
  }

  Json json;
  std::string bin;
};

TEST(EncodeGlb, CornersAreThoseOfTheMesh) {
  const Mesh mesh = Torus(6, 5);
  const auto file = EncodeGlb(mesh, Gradient(9, 7, 3));
  ASSERT_THAT(file, IsOk());
  const Glb glb(*file);
  const auto position = glb.Floats("POSITION"), uv = glb.Floats("TEXCOORD_0");
  const auto indices = glb.Indices();
  ASSERT_EQ(indices.size(), 3 * mesh.triangles.size());
  for (size_t i = 0; i < indices.size(); ++i) {
    ASSERT_LT(indices[i], position.size() / 3);
    const MeshTriangle& triangle = mesh.triangles[i / 3];
    const Vec3& p = mesh.positions[triangle.position[i % 3]];
    const Vec2& t = mesh.uvs[triangle.uv[i % 3]];
    EXPECT_EQ(position[3 * indices[i]], p.x);
    EXPECT_EQ(position[3 * indices[i] + 1], p.y);
    EXPECT_EQ(position[3 * indices[i] + 2], p.z);
    EXPECT_EQ(uv[2 * indices[i]], t.x);
    EXPECT_EQ(uv[2 * indices[i] + 1], 1 - t.y) << "v counts from above";
  }
}

TEST(EncodeGlb, BoundsAreThoseOfThePositions) {
  Mesh mesh = Torus(6, 5);
  mesh.positions[3].y = 0.1f;  // a float no short decimal equals
  mesh.positions[7].x = 1e30f;
  const auto file = EncodeGlb(mesh, Gradient(4, 4, 3));
  ASSERT_THAT(file, IsOk());
  const Glb glb(*file);
  const auto position = glb.Floats("POSITION");
  for (size_t axis = 0; axis < 3; ++axis) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (size_t v = axis; v < position.size(); v += 3) {
      low = std::min(low, double{position[v]});
      high = std::max(high, double{position[v]});
    }
    EXPECT_EQ(glb.Accessor("POSITION")["min"][axis].get<double>(), low);
    EXPECT_EQ(glb.Accessor("POSITION")["max"][axis].get<double>(), high);
  }
}

TEST(EncodeGlb, NormalsHaveUnitLength) {
  const auto file = EncodeGlb(Torus(6, 5), Gradient(4, 4, 3));
  ASSERT_THAT(file, IsOk());
  const auto n = Glb(*file).Floats("NORMAL");
  for (size_t v = 0; v < n.size(); v += 3) {
    EXPECT_NEAR(std::hypot(n[v], n[v + 1], n[v + 2]), 1, 1e-6);
  }
}

TEST(EncodeGlb, TheMaterialShowsTheTextureEverywhere) {
  const auto file = EncodeGlb(Cube(), Gradient(4, 4, 3));
  ASSERT_THAT(file, IsOk());
  const Json json = Glb(*file).json;
  EXPECT_EQ(json["asset"]["version"], "2.0");
  EXPECT_THAT(json["asset"]["generator"].get<std::string>(),
              HasSubstr("Phosphene"));
  const Json& material = json["materials"][0];
  EXPECT_EQ(material["doubleSided"], true);
  EXPECT_EQ(material["pbrMetallicRoughness"]["metallicFactor"], 0);
  EXPECT_EQ(material["pbrMetallicRoughness"]["roughnessFactor"], 1);
  EXPECT_EQ(material["pbrMetallicRoughness"]["baseColorTexture"]["index"], 0);
  EXPECT_TRUE(material["extensions"].contains("KHR_materials_unlit"));
  EXPECT_EQ(json["extensionsUsed"], Json({"KHR_materials_unlit"}));
  EXPECT_FALSE(json.contains("extensionsRequired"));
  const Json& sampler = json["samplers"][0];
  EXPECT_EQ(sampler["magFilter"], 9729);
  EXPECT_EQ(sampler["minFilter"], 9987);
  EXPECT_EQ(sampler["wrapS"], 10497);
  EXPECT_EQ(sampler["wrapT"], 10497);
  EXPECT_EQ(json["scenes"][size_t{json["scene"]}]["nodes"], Json({0}));
  EXPECT_EQ(json["nodes"][0]["mesh"], 0);
}

TEST(EncodeGlb, TheTextureIsPngOrJpegByQuality) {
  const Image8 atlas = Gradient(33, 17, 3);
  for (const int quality : {0, 95}) {
    const auto file = EncodeGlb(Cube(), atlas, {quality});
    ASSERT_THAT(file, IsOk());
    const Glb glb(*file);
    const Json& image = glb.json["images"][0];
    EXPECT_EQ(image["mimeType"], quality == 0 ? "image/png" : "image/jpeg");
    const auto decoded = DecodeImage(glb.View(image["bufferView"]));
    ASSERT_THAT(decoded, IsOk());
    EXPECT_LE(MaxDifference(*decoded, atlas), quality == 0 ? 0 : 12);
  }
  for (const int quality : {-1, 101}) {
    EXPECT_THAT(
        EncodeGlb(Cube(), atlas, {quality}),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("quality")));
  }
}

// A strip of `vertices` vertices.
Mesh Strip(uint32_t vertices) {
  Mesh mesh;
  for (uint32_t v = 0; v < vertices; ++v) {
    mesh.positions.push_back(
        {static_cast<float>(v / 2), static_cast<float>(v % 2), 0});
    mesh.uvs.push_back(
        {static_cast<float>(v) / static_cast<float>(vertices), 0});
    if (v >= 2)
      mesh.triangles.push_back({{v - 2, v - 1, v}, {v - 2, v - 1, v}, -1});
  }
  return mesh;
}

TEST(EncodeGlb, IndicesGrowWideBeforeTheOneThatRestarts) {
  for (const uint32_t vertices : {65534u, 65535u, 65536u}) {
    const auto file = EncodeGlb(Strip(vertices), Gradient(2, 2, 3));
    ASSERT_THAT(file, IsOk());
    const Glb glb(*file);
    const auto& accessor = glb.json["accessors"][3];
    EXPECT_EQ(accessor["componentType"], vertices < 65535 ? 5123 : 5125);
    EXPECT_EQ(glb.Indices().back(), vertices - 1);
  }
}

TEST(EncodeGlb, SameInputSameBytes) {
  const auto a = EncodeGlb(Torus(8, 5), Gradient(20, 10, 3), {90});
  const auto b = EncodeGlb(Torus(8, 5), Gradient(20, 10, 3), {90});
  ASSERT_THAT(a, IsOk());
  ASSERT_THAT(b, IsOk());
  EXPECT_EQ(*a, *b);
}

}  // namespace
}  // namespace phosphene
