// The table of mesh formats, and the way of a file through it.
#include "server/meshes/read_mesh.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/meshes/finish_mesh.h"
#include "server/meshes/mesh_format.h"

namespace phosphene {
namespace {

const MeshFormat* FormatOf(absl::string_view bytes) {
#define MESH_FORMAT(name) &name##Format(),
  static const MeshFormat* const kFormats[] = {
#include "server/meshes/formats.inc"
  };
#undef MESH_FORMAT
  for (const MeshFormat* format : kFormats) {
    if (format->looks_like(bytes)) return format;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<Mesh> ReadMesh(absl::string_view bytes,
                              const MeshLimits& limits) {
  if (bytes.empty()) return absl::InvalidArgumentError("the mesh is empty");
  if (static_cast<int64_t>(bytes.size()) > limits.max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the mesh has ", bytes.size(), " bytes; allowed are ",
                     limits.max_bytes));
  }
  const MeshFormat* format = FormatOf(bytes);
  if (format == nullptr) {
    return absl::InvalidArgumentError(
        "the mesh is neither Wavefront OBJ nor glTF 2.0");
  }
  absl::StatusOr<RawMesh> raw = format->read(bytes, limits);
  absl::StatusOr<Mesh> mesh =
      raw.ok() ? FinishMesh(*std::move(raw), limits) : raw.status();
  if (mesh.ok()) return mesh;
  return absl::Status(
      mesh.status().code(),
      absl::StrCat(format->name, ": ", mesh.status().message()));
}

}  // namespace phosphene
