#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/meshes/gltf_accessor.h"
#include "server/meshes/gltf_file.h"
#include "server/meshes/mesh.h"

namespace phosphene {

// Which UVs a material's base colour uses, and how.
struct GltfUvUse {
  int64_t set = 0;  // TEXCOORD_n
  // u' = rows[0] u + rows[1] v + rows[2], v' likewise: KHR_texture_transform.
  std::array<double, 6> rows = {1, 0, 0, 0, 1, 0};
};

struct GltfMaterialUse {
  int32_t material = -1;  // of materials
  GltfUvUse uv;
};

// The materials of a file, made when a face first uses them. Confined to one
// read.
class GltfMaterials {
 public:
  // All must outlive this.
  GltfMaterials(const GltfFile& file, const MeshLimits& limits, GltfData* data,
                std::vector<MeshMaterial>* materials,
                std::vector<std::string>* notes);

  // Of materials[index]. INVALID_ARGUMENT names what is broken; a picture in
  // another file or of an unknown format is left out with a note.
  absl::StatusOr<GltfMaterialUse> Use(int64_t index);

 private:
  absl::StatusOr<GltfUvUse> ReadColor(const Json& json,
                                      const std::string& where,
                                      MeshMaterial* material);
  absl::Status ReadPicture(const Json& info, const std::string& where,
                           MeshMaterial* material);

  const GltfFile& file_;
  const MeshLimits& limits_;
  GltfData* const data_;
  std::vector<MeshMaterial>* const materials_;
  std::vector<std::string>* const notes_;
  absl::flat_hash_map<int64_t, GltfMaterialUse> made_;
  int64_t picture_bytes_ = 0;
};

}  // namespace phosphene
