// Builds glTF files for tests and for the fuzzer's seeds.
#include "tests/meshes/gltf_builder.h"

#include <utility>

#include "absl/strings/escaping.h"

namespace phosphene {
namespace {

using nlohmann::json;

void AppendU32(uint32_t value, std::string* out) {
  for (int i = 0; i < 4; ++i)
    out->push_back(static_cast<char>(value >> (8 * i)));
}

int Last(const json& array) { return static_cast<int>(array.size()) - 1; }

}  // namespace

GltfBuilder::GltfBuilder() {
  root = {{"asset", {{"version", "2.0"}}},
          {"scene", 0},
          {"scenes", {{{"nodes", json::array()}}}}};
}

int GltfBuilder::View(const std::string& bytes) {
  bin.resize((bin.size() + 3) / 4 * 4);
  root["bufferViews"].push_back({{"buffer", 0},
                                 {"byteOffset", bin.size()},
                                 {"byteLength", bytes.size()}});
  bin += bytes;
  return Last(root["bufferViews"]);
}

int GltfBuilder::Mesh(json primitive) {
  root["meshes"].push_back({{"primitives", {std::move(primitive)}}});
  return Last(root["meshes"]);
}

int GltfBuilder::Node(json node) {
  root["nodes"].push_back(std::move(node));
  const int number = Last(root["nodes"]);
  root["scenes"][0]["nodes"].push_back(number);
  return number;
}

int GltfBuilder::Material(const std::string& name, const std::string& picture) {
  root["images"].push_back(
      {{"bufferView", View(picture)}, {"mimeType", "image/png"}});
  root["textures"].push_back({{"source", Last(root["images"])}});
  const json texture = {{"index", Last(root["textures"])}};
  root["materials"].push_back(
      {{"name", name},
       {"pbrMetallicRoughness", {{"baseColorTexture", texture}}}});
  return Last(root["materials"]);
}

int GltfBuilder::AddQuad() {
  const int position = Floats({0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0}, "VEC3");
  const int uv = Floats({0, 1, 1, 1, 1, 0, 0, 0}, "VEC2");
  const int mesh =
      Mesh({{"attributes", {{"POSITION", position}, {"TEXCOORD_0", uv}}},
            {"indices", Indices({0, 1, 2, 0, 2, 3})}});
  Node({{"mesh", mesh}});
  return mesh;
}

json GltfBuilder::Finished() const {
  json finished = root;
  if (!finished.contains("buffers"))
    finished["buffers"] = {{{"byteLength", bin.size()}}};
  return finished;
}

std::string GltfBuilder::Glb() const { return GlbOf(Finished().dump(), bin); }

std::string GltfBuilder::Text() const {
  json finished = Finished();
  finished["buffers"][0]["uri"] =
      "data:application/octet-stream;base64," + absl::Base64Escape(bin);
  return finished.dump();
}

std::string GlbOf(const std::string& json_text, const std::string& bin) {
  std::string text = json_text, data = bin;
  text.resize((text.size() + 3) / 4 * 4, ' ');
  data.resize((data.size() + 3) / 4 * 4);
  std::string glb = "glTF";
  AppendU32(2, &glb);
  AppendU32(static_cast<uint32_t>(28 + text.size() + data.size()), &glb);
  AppendU32(static_cast<uint32_t>(text.size()), &glb);
  glb += "JSON" + text;
  AppendU32(static_cast<uint32_t>(data.size()), &glb);
  glb += std::string("BIN\0", 4) + data;
  return glb;
}

}  // namespace phosphene
