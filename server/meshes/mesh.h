#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace phosphene {

struct Vec2 {
  float x = 0, y = 0;
};
struct Vec3 {
  float x = 0, y = 0, z = 0;
};

// What a file says of a surface.
struct MeshMaterial {
  std::string name;
  std::array<float, 3> base_color = {1, 1, 1};  // sRGB 0..1, times the texture
  // The bytes of its base colour picture, PNG, JPEG or WebP as they stand in
  // the file; empty where it has none.
  std::string texture;
};

// Corners index Mesh::positions and, where the mesh has UVs, Mesh::uvs.
struct MeshTriangle {
  std::array<uint32_t, 3> position = {};
  std::array<uint32_t, 3> uv = {};
  int32_t material = -1;  // of Mesh::materials; -1: none
};

// A triangle mesh with one set of UVs. Positions are welded: a point of the
// surface is one entry however many corners, UVs and normals the file gave it,
// so edges tell which faces are neighbours. Thread-compatible.
struct Mesh {
  std::vector<Vec3> positions;  // finite, in the file's own coordinates
  // Finite, of any range (they wrap); (0,0) is the lower left corner of the
  // picture, as in OBJ. Empty where the mesh has none.
  std::vector<Vec2> uvs;
  std::vector<MeshTriangle> triangles;  // at least 1, none degenerate
  std::vector<MeshMaterial> materials;
  // Remarks for who brought the file: "3 faces without area were left out".
  std::vector<std::string> notes;

  bool has_uvs() const { return !uvs.empty(); }
};

}  // namespace phosphene
