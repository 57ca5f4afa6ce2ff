#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/meshes/mesh.h"
#include "server/meshes/read_mesh.h"

namespace phosphene {

// What a format's reader hands over: faces as the file has them. FinishMesh
// makes a Mesh of it, so a reader neither welds nor looks for faces without
// area.
struct RawMesh {
  static constexpr uint32_t kNoUv = std::numeric_limits<uint32_t>::max();

  std::vector<Vec3> positions;          // finite
  std::vector<Vec2> uvs;                // finite, v upwards
  std::vector<MeshTriangle> triangles;  // a corner without UV has kNoUv
  std::vector<MeshMaterial> materials;
  std::vector<std::string> notes;
};

// A mesh file format: a line in formats.inc and a function that returns this.
struct MeshFormat {
  absl::string_view name;
  // Whether bytes look like it. The first format that says yes reads them.
  bool (*looks_like)(absl::string_view bytes);
  // Reads a file that fits max_bytes. Holds the other limits before it spends
  // memory. INVALID_ARGUMENT names the place in the file.
  absl::StatusOr<RawMesh> (*read)(absl::string_view bytes,
                                  const MeshLimits& limits);
};

#define MESH_FORMAT(name) const MeshFormat& name##Format();
#include "server/meshes/formats.inc"
#undef MESH_FORMAT

}  // namespace phosphene
