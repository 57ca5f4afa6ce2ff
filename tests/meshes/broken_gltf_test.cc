// glTF files that lie: each gets an error that names the place, or the answer
// it would get if it did not; none is read beyond its end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "server/meshes/read_mesh.h"
#include "tests/meshes/gltf_builder.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

struct Fault {
  const char* name;
  std::function<void(GltfBuilder&)> make;
  const char* message;
};

// Accessors of AddQuad: 0 POSITION, 1 TEXCOORD_0, 2 the indices.
json& Accessor(GltfBuilder& f, int i) { return f.root["accessors"][i]; }
json& View(GltfBuilder& f, int i) { return f.root["bufferViews"][i]; }
json& Primitive(GltfBuilder& f) { return f.root["meshes"][0]["primitives"][0]; }

const std::vector<Fault>& Faults() {
  static const std::vector<Fault> faults = {
      {"offset_huge",
       [](auto& f) { Accessor(f, 0)["byteOffset"] = 9223372036854775807; },
       "accessors[0].byteOffset"},
      {"offset_beyond", [](auto& f) { Accessor(f, 0)["byteOffset"] = 4; },
       "accessors[0] ends at byte 52"},
      {"offset_negative", [](auto& f) { Accessor(f, 0)["byteOffset"] = -12; },
       "byteOffset is -12"},
      {"offset_text", [](auto& f) { Accessor(f, 0)["byteOffset"] = "x"; },
       "not a number"},
      {"offset_broken", [](auto& f) { Accessor(f, 0)["byteOffset"] = .5; },
       "byteOffset"},
      {"count_huge", [](auto& f) { Accessor(f, 0)["count"] = 2147483648; },
       "accessors[0].count"},
      {"count_large", [](auto& f) { Accessor(f, 0)["count"] = 5000000; },
       "accessors[0] ends"},
      {"count_zero", [](auto& f) { Accessor(f, 0)["count"] = 0; },
       "count is 0"},
      {"count_missing", [](auto& f) { Accessor(f, 0).erase("count"); },
       "count is missing"},
      {"stride_large", [](auto& f) { View(f, 0)["byteStride"] = 252; },
       "ends at byte"},
      {"stride_small", [](auto& f) { View(f, 0)["byteStride"] = 4; },
       "stride of 4"},
      {"view_length_wraps",
       [](auto& f) { View(f, 0)["byteLength"] = 18446744073709551615u; },
       "bufferViews[0].byteLength"},
      {"view_offset_huge",
       [](auto& f) { View(f, 0)["byteOffset"] = 1099511627776; },
       "bufferViews[0] ends"},
      {"view_buffer_negative", [](auto& f) { View(f, 0)["buffer"] = -1; },
       "buffer is -1"},
      {"view_buffer_none", [](auto& f) { View(f, 0)["buffer"] = 7; },
       "buffers[7] is named"},
      {"accessor_view_none", [](auto& f) { Accessor(f, 0)["bufferView"] = 99; },
       "bufferViews[99] is named"},
      {"no_data", [](auto& f) { Accessor(f, 0).erase("bufferView"); },
       "no bufferView"},
      {"position_vec2", [](auto& f) { Accessor(f, 0)["type"] = "VEC2"; },
       "2 components instead of 3"},
      {"type_unknown", [](auto& f) { Accessor(f, 0)["type"] = "MAT9"; },
       "type \"MAT9\""},
      {"component_unknown",
       [](auto& f) { Accessor(f, 0)["componentType"] = 5124; },
       "componentType 5124"},
      {"index_float",
       [](auto& f) {
         Accessor(f, 2)["componentType"] = 5126, Accessor(f, 2)["count"] = 3;
       },
       "whole numbers"},
      {"index_signed", [](auto& f) { Accessor(f, 2)["componentType"] = 5122; },
       "whole numbers"},
      {"index_beyond",
       [](auto& f) {
         Primitive(f)["indices"] = f.Indices({0, 1, 4});
       },
       "index 4; there are 4"},
      {"index_restart",
       [](auto& f) {
         Primitive(f)["indices"] = f.Indices({0, 1, 65535});
       },
       "index 65535"},
      {"uv_short", [](auto& f) { Accessor(f, 1)["count"] = 2; },
       "2 of TEXCOORD_0"},
      {"not_finite",
       [](auto& f) {
         const float nan = std::numeric_limits<float>::quiet_NaN();
         Primitive(f)["attributes"]["POSITION"] =
             f.Floats({0, 0, 0, 1, 0, 0, 1, nan, 0, 0, 1, 0}, "VEC3");
       },
       "not finite"},
      {"uv_not_finite",
       [](auto& f) {
         Primitive(f)["attributes"]["TEXCOORD_0"] =
             f.Floats({0, 0, HUGE_VALF, 0, 1, 1, 0, 1}, "VEC2");
       },
       "not finite"},
      {"sparse_beyond",
       [](auto& f) {
         Accessor(f, 0)["sparse"] = {
             {"count", 1},
             {"indices",
              {{"bufferView", f.View("\x09")}, {"componentType", 5121}}},
             {"values", {{"bufferView", 0}}}};
       },
       "holds 9"},
      {"sparse_count",
       [](auto& f) {
         Accessor(f, 0)["sparse"] = {
             {"count", 4},
             {"indices",
              {{"bufferView", f.View("\1")}, {"componentType", 5121}}},
             {"values", {{"bufferView", 0}}}};
       },
       "ends at byte 4"},
      {"sparse_empty",
       [](auto& f) { Accessor(f, 0)["sparse"] = json::object(); },
       "lacks indices"},
      {"cycle", [](auto& f) { f.root["nodes"][0]["children"] = {0}; },
       "nodes[0] is reached twice"},
      {"paths",  // 2^40 of them
       [](auto& f) {
         for (int i = 0; i < 40; ++i)
           f.root["nodes"].push_back({{"children", {i + 2, i + 2}}});
         f.root["nodes"].push_back({{"mesh", 0}});
         f.root["scenes"][0]["nodes"] = {1};
       },
       "reached twice"},
      {"child_none", [](auto& f) { f.root["nodes"][0]["children"] = {5}; },
       "nodes[5] is named"},
      {"child_negative", [](auto& f) { f.root["nodes"][0]["children"] = {-1}; },
       "no node's number"},
      {"mesh_none", [](auto& f) { f.root["nodes"][0]["mesh"] = 3; },
       "meshes[3] is named"},
      {"matrix_short",
       [](auto& f) {
         f.root["nodes"][0]["matrix"] = {1, 2};
       },
       "nodes[0].matrix is not an array of 16"},
      {"rotation_zero",
       [](auto& f) {
         f.root["nodes"][0]["rotation"] = {0, 0, 0, 0};
       },
       "unit quaternion"},
      {"transform_overflows",
       [](auto& f) {
         f.root["nodes"][0]["scale"] = {1e300, 1, 1};
       },
       "not finite"},
      {"transform_flattens",
       [](auto& f) {
         f.root["nodes"][0]["scale"] = {0, 1, 1};
       },
       "none of 2 triangles"},
      {"scene_none", [](auto& f) { f.root["scene"] = 4; },
       "scenes[4] is named"},
      {"empty_scene",
       [](auto& f) { f.root["scenes"][0]["nodes"] = json::array(); },
       "no faces"},
      {"mode_unknown", [](auto& f) { Primitive(f)["mode"] = 7; }, "mode is 7"},
      {"no_position",
       [](auto& f) { Primitive(f)["attributes"].erase("POSITION"); },
       "no POSITION"},
      {"draco",
       [](auto& f) {
         f.root["extensionsRequired"] = {"KHR_draco_mesh_compression"};
       },
       "requires KHR_draco_mesh_compression"},
      {"meshopt",
       [](auto& f) {
         f.root["extensionsRequired"] = {"EXT_meshopt_compression"};
       },
       "without compression"},
      {"version_1", [](auto& f) { f.root["asset"]["version"] = "1.0"; },
       "\"1.0\""},
      {"no_asset", [](auto& f) { f.root.erase("asset"); }, "asset.version"},
      {"external_buffer",
       [](auto& f) {
         f.root["buffers"] = {{{"byteLength", 8}, {"uri", "/etc/passwd"}}};
       },
       "buffers[0].uri names another file"},
      {"buffer_longer",
       [](auto& f) {
         f.root["buffers"] = {{{"byteLength", 100000}}};
       },
       "byteLength is 100000"},
      {"buffer_uri_broken",
       [](auto& f) {
         f.root["buffers"] = {
             {{"byteLength", 8}, {"uri", "data:x/y;base64,!!"}}};
       },
       "not valid base64"},
      {"second_buffer_empty",
       [](auto& f) {
         f.root["buffers"] = {{{"byteLength", f.bin.size()}},
                              {{"byteLength", 8}}};
         View(f, 0)["buffer"] = 1;
       },
       "buffers[1] has no data"},
      {"image_view_beyond",
       [](auto& f) {
         Primitive(f)["material"] = f.Material("m", "png");
         View(f, 3)["byteOffset"] = 1000000;
       },
       "bufferViews[3] ends"},
      {"image_none",
       [](auto& f) {
         Primitive(f)["material"] = f.Material("m", "png");
         f.root["textures"][0]["source"] = 5;
       },
       "images[5] is named"},
      {"material_none", [](auto& f) { Primitive(f)["material"] = 0; },
       "materials[0] is named"},
  };
  return faults;
}

TEST(BrokenGltf, EachGetsAnErrorThatNamesThePlace) {
  for (const Fault& fault : Faults()) {
    GltfBuilder file;
    file.AddQuad();
    fault.make(file);
    EXPECT_THAT(
        ReadMesh(file.Glb()),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(fault.message)))
        << fault.name;
  }
}

// Any value in any place, a type it may not have: no crash, no exception.
TEST(BrokenGltf, AnyValueMayBeOfAnyType) {
  GltfBuilder whole;
  const int material = whole.Material("m", "png");
  whole.root["meshes"][whole.AddQuad()]["primitives"][0]["material"] = material;
  whole.root["nodes"][0]["translation"] = {1, 2, 3};
  whole.root["buffers"] = {{{"byteLength", whole.bin.size()}}};
  const json flat = whole.root.flatten();
  const json replacements[] = {
      nullptr, true, -1, 1e300, "x", {1, 2}, json::object(), json::array()};
  for (const auto& item : flat.items()) {
    std::string path = item.key();
    while (!path.empty()) {  // the value and all that hold it
      for (const json& replacement : replacements) {
        GltfBuilder file;
        file.bin = whole.bin;
        file.root = whole.root;
        file.root[json::json_pointer(path)] = replacement;
        if (!file.root.is_object()) continue;
        (void)ReadMesh(GlbOf(file.root.dump(), file.bin));
      }
      path = path.substr(0, path.rfind('/'));
    }
  }
}

TEST(BrokenGltf, EveryPrefixIsRefusedOrRead) {
  GltfBuilder file;
  file.AddQuad();
  const std::string glb = file.Glb();
  for (size_t size = 0; size < glb.size(); ++size)
    EXPECT_FALSE(ReadMesh(glb.substr(0, size)).ok()) << size;
  EXPECT_THAT(ReadMesh(glb + "more"), IsOk());
}

TEST(BrokenGltf, JsonIsBounded) {
  std::string deep = R"({"asset":{"version":"2.0"},"x":)";
  EXPECT_THAT(
      ReadMesh(deep + std::string(1000000, '[')),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("deeper")));
  std::string many = deep + "[0";
  for (int i = 0; i < 4000000; ++i) many += ",0";
  EXPECT_THAT(
      ReadMesh(many + "]}"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("values")));
  EXPECT_THAT(
      ReadMesh("{\"asset\": \xff}"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("broken")));
}

TEST(BrokenGltf, InstancesAndPicturesCountTowardsTheLimits) {
  GltfBuilder file;
  const int mesh = file.AddQuad();
  for (int i = 0; i < 9; ++i)
    file.Node({{"mesh", mesh}, {"translation", {i, 0, 0}}});
  EXPECT_THAT(ReadMesh(file.Glb(), {.max_triangles = 20}), IsOk());
  EXPECT_THAT(
      ReadMesh(file.Glb(), {.max_triangles = 19}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("19 triangles")));
  const std::string picture = "\x89PNG\r\n\x1a\n" + std::string(100, 'x');
  file.root["meshes"][mesh]["primitives"][0]["material"] =
      file.Material("m", picture);
  EXPECT_THAT(ReadMesh(file.Glb(), {.max_texture_bytes = 108}), IsOk());
  EXPECT_THAT(
      ReadMesh(file.Glb(), {.max_texture_bytes = 107}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("107 bytes")));
  EXPECT_THAT(
      ReadMesh(file.Glb(), {.max_materials = 0}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("too many")));
}

}  // namespace
}  // namespace phosphene
