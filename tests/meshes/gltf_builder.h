#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace phosphene {

// A glTF file, built piece by piece; `root` is open to any change, so a test
// can break what it likes.
//   GltfBuilder file;
//   file.AddQuad();
//   ReadMesh(file.Glb())
class GltfBuilder {
 public:
  GltfBuilder();

  nlohmann::json root;
  std::string bin;

  // Appends bytes as a buffer view; its number.
  int View(const std::string& bytes);
  // An accessor over values of T laid out one after the other.
  template <typename T>
  int Accessor(const std::vector<T>& values, const char* type,
               int component_type) {
    const int components = type[0] == 'S' ? 1 : type[3] - '0';
    const std::string bytes(reinterpret_cast<const char*>(values.data()),
                            values.size() * sizeof(T));
    root["accessors"].push_back({{"bufferView", View(bytes)},
                                 {"componentType", component_type},
                                 {"count", values.size() / components},
                                 {"type", type}});
    return static_cast<int>(root["accessors"].size()) - 1;
  }
  int Floats(const std::vector<float>& values, const char* type) {
    return Accessor(values, type, 5126);
  }
  int Indices(const std::vector<uint16_t>& values) {
    return Accessor(values, "SCALAR", 5123);
  }

  // A mesh of one primitive; its number.
  int Mesh(nlohmann::json primitive);
  // A node of the scene; its number.
  int Node(nlohmann::json node);
  // A material whose base colour is `picture`, in a buffer view; its number.
  int Material(const std::string& name, const std::string& picture);
  // The unit square of two triangles with its corners as UVs, node and all;
  // the number of its mesh.
  int AddQuad();

  std::string Glb() const;
  // As text, the buffer in a data URI.
  std::string Text() const;

 private:
  nlohmann::json Finished() const;
};

// A GLB of any JSON and binary chunk.
std::string GlbOf(const std::string& json, const std::string& bin);

}  // namespace phosphene
