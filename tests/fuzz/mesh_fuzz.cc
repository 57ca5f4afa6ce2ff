// libFuzzer target: a mesh file is read, looked at from all sides and
// unwrapped, or refused. Knows the formats: half of the changes are to a value
// of a glTF file's JSON or a word of an OBJ file, half to bytes. Starts from
// files made here when given no corpus.
//
//   ./tests/run.sh fuzz          60 seconds
//   build/fuzz/bin/mesh_fuzz CORPUS_FOLDER [-max_total_time=3600]

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/imaging/encode.h"
#include "server/meshes/base_color.h"
#include "server/meshes/normalize.h"
#include "server/meshes/read_mesh.h"
#include "server/meshes/topology.h"
#include "server/meshes/unwrap.h"
#include "server/meshes/uv_facts.h"
#include "tests/meshes/gltf_builder.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace phosphene {
namespace {

using nlohmann::json;

constexpr char kObj[] = R"(mtllib a.mtl
v 0 0 0
v 1 0 0 .5 .5 .5
v 1.5e0 +1 -.25
v 0 1 0
v .5 .5 1
vt 0 0
vt 1 0
vt 1 1
vt 0 1
vn 0 0 1
o a
usemtl one
f 1/1/1 2/2/1 3/3/1 4/4/1
g b
usemtl two # two
f 1/1 2/2 5/3
f -1/-1 -2/-2 -3/-3
f 1 \
 4 5
# phosphene mtl
newmtl one
Kd 1 .5 0
map_Kd data:image/png;base64,iVBORw0KGgo=
)";

std::string RichGlb() {
  GltfBuilder file;
  const Image8 picture = {2, 1, 3, {255, 0, 0, 0, 255, 0}};
  const int mesh = file.AddQuad();
  auto& primitives = file.root["meshes"][mesh]["primitives"];
  primitives[0]["material"] = file.Material("m", *EncodePng(picture));
  auto& color = file.root["materials"][0]["pbrMetallicRoughness"];
  color["baseColorFactor"] = {1, .5, .25, 1};
  color["baseColorTexture"]["extensions"]["KHR_texture_transform"] = {
      {"offset", {.5, 0}}, {"scale", {2, 1}}, {"rotation", .5}};
  for (const int mode : {5, 6}) {
    primitives.push_back(primitives[0]);
    primitives.back()["mode"] = mode;
  }
  primitives[2]["indices"] =
      file.Accessor(std::vector<uint8_t>{0, 1, 2, 3}, "SCALAR", 5121);
  primitives[1].erase("indices");
  const int sparse = file.Floats({0, 0, 2}, "VEC3");
  file.root["accessors"][0]["sparse"] = {
      {"count", 1},
      {"indices", {{"bufferView", file.View("\2")}, {"componentType", 5121}}},
      {"values",
       {{"bufferView", file.root["accessors"][sparse]["bufferView"]}}}};
  file.root["bufferViews"][1]["byteStride"] = 8;
  file.root["nodes"][0]["children"] = {1, 2};
  file.root["nodes"].push_back({{"mesh", mesh},
                                {"translation", {1, 2, 3}},
                                {"rotation", {0, 0, 0, 1}},
                                {"scale", {-1, 1, 2}}});
  file.root["nodes"].push_back(
      {{"mesh", mesh},
       {"matrix", {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 5, 0, 1}}});
  return file.Glb();
}

std::string Seed(uint32_t number) {
  GltfBuilder plain;
  plain.AddQuad();
  switch (number % 4) {
    case 0:
      return kObj;
    case 1:
      return plain.Glb();
    case 2:
      return plain.Text();
  }
  return RichGlb();
}

uint32_t U32(const std::string& bytes, size_t at) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

const json& AnyValue(std::mt19937_64* random) {
  static const std::vector<json> values = {nullptr,
                                           true,
                                           -1,
                                           0,
                                           1,
                                           2,
                                           3,
                                           4,
                                           7,
                                           255,
                                           65535,
                                           5121,
                                           5123,
                                           5125,
                                           5126,
                                           2147483648,
                                           4294967296,
                                           9223372036854775807,
                                           .5,
                                           -1e-9,
                                           1e300,
                                           "VEC3",
                                           "VEC2",
                                           "SCALAR",
                                           "data:,abc",
                                           "",
                                           json::array(),
                                           json::object(),
                                           {0, 1},
                                           {1, 0, 0}};
  return values[(*random)() % values.size()];
}

// Replaces, repeats or removes one value of the JSON.
void ChangeJson(std::mt19937_64* random, json* root) {
  const json flat = root->flatten();
  if (flat.empty() || !flat.is_object()) return;
  auto item = flat.begin();
  std::advance(item, (*random)() % flat.size());
  std::string path = item.key();
  for (uint64_t up = (*random)() % 4; up > 2 && path.rfind('/') > 0; --up)
    path = path.substr(0, path.rfind('/'));
  const json::json_pointer pointer(path);
  if (path.empty() || !root->contains(pointer)) return;
  json& parent = (*root)[pointer.parent_pointer()];
  const uint64_t what = (*random)() % 4;
  if (what == 0 && parent.is_array()) {
    parent.push_back((*root)[pointer]);
  } else if (what == 1 && parent.is_object()) {
    parent.erase(pointer.back());
  } else {
    (*root)[pointer] = AnyValue(random);
  }
}

std::string MutatedGlb(const std::string& bytes, std::mt19937_64* random) {
  if (bytes.size() < 20 || U32(bytes, 12) > bytes.size() - 20) return "";
  const size_t length = U32(bytes, 12);
  json root = json::parse(bytes.substr(20, length), nullptr, false);
  if (!root.is_object()) return "";
  for (uint64_t changes = 1 + (*random)() % 3; changes > 0; --changes)
    ChangeJson(random, &root);
  const size_t bin = 20 + length + 8;
  return GlbOf(root.dump(-1, ' ', false, json::error_handler_t::replace),
               bin < bytes.size() ? bytes.substr(bin) : "");
}

std::string MutatedText(const std::string& bytes, std::mt19937_64* random) {
  if (bytes.size() < 2) return "";
  static const char* const words[] = {"0",
                                      "-1",
                                      "1",
                                      "2147483647",
                                      "-2147483648",
                                      "99",
                                      "1/1",
                                      "1//1",
                                      "1/2/3",
                                      "1e38",
                                      "-1e-38",
                                      "nan",
                                      "v",
                                      "vt",
                                      "f",
                                      "usemtl x",
                                      "#",
                                      "\\\n",
                                      "\n",
                                      "# phosphene mtl\n",
                                      "newmtl one\n",
                                      "map_Kd ",
                                      "Kd "};
  const size_t begin = (*random)() % bytes.size();
  const size_t from = bytes.find_first_of(" \n", begin);
  if (from == std::string::npos) return "";
  const size_t to =
      std::min(bytes.find_first_of(" \n", from + 1), bytes.size());
  return absl::StrCat(bytes.substr(0, from + 1),
                      words[(*random)() % std::size(words)], bytes.substr(to));
}

std::string Mutated(const std::string& bytes, uint32_t seed) {
  std::mt19937_64 random(seed);
  if (bytes.size() < 30) return Seed(seed);
  return absl::StartsWith(bytes, "glTF") ? MutatedGlb(bytes, &random)
                                         : MutatedText(bytes, &random);
}

void Require(bool holds) {
  if (!holds) std::abort();
}

// What mesh.h promises.
void CheckMesh(const Mesh& mesh) {
  Require(!mesh.triangles.empty());
  for (const Vec3& p : mesh.positions)
    Require(std::isfinite(p.x) && std::isfinite(p.y) && std::isfinite(p.z));
  for (const Vec2& uv : mesh.uvs)
    Require(std::isfinite(uv.x) && std::isfinite(uv.y));
  for (const MeshTriangle& triangle : mesh.triangles) {
    const auto& p = triangle.position;
    Require(p[0] != p[1] && p[1] != p[2] && p[2] != p[0]);
    for (int i = 0; i < 3; ++i) {
      Require(p[i] < mesh.positions.size());
      Require(!mesh.has_uvs() || triangle.uv[i] < mesh.uvs.size());
    }
    Require(triangle.material >= -1 &&
            triangle.material < static_cast<int>(mesh.materials.size()));
  }
}

void TryMesh(const std::string& bytes) {
  MeshLimits limits;
  limits.max_triangles = limits.max_vertices = 20000;  // keeps a run short
  const absl::StatusOr<Mesh> mesh = ReadMesh(bytes, limits);
  if (!mesh.ok()) return;
  CheckMesh(*mesh);
  (void)FindEdges(*mesh);
  for (const Vec3& p : ToUnitSphere(*mesh, FitUnitSphere(*mesh)))
    Require(std::abs(p.x) < 1.001f && std::abs(p.y) < 1.001f);
  (void)FindUvFacts(*mesh, 64);
  const Unwrapped unwrapped = Unwrap(*mesh, 64);
  CheckMesh(unwrapped.mesh);
  Require(!FindUvFacts(unwrapped.mesh, 16).outside);
  (void)BakeBaseColor(*mesh, unwrapped.mesh, 16);
  if (mesh->has_uvs()) (void)BakeBaseColor(*mesh, *mesh, 16);
}

}  // namespace
}  // namespace phosphene

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned int seed) {
  if (seed % 2 == 0 && size > 30) return LLVMFuzzerMutate(data, size, max_size);
  const std::string bytes = phosphene::Mutated(
      std::string(reinterpret_cast<const char*>(data), size), seed / 2);
  if (bytes.empty() || bytes.size() > max_size)
    return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  phosphene::TryMesh(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
