#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/base/byte_source.h"

namespace phosphene::client {

// Of a mesh with all that was put into it: what a server reads, MeshLimits.
constexpr int64_t kMaxMeshBytes = 512 << 20;

// The bytes of a mesh file as one. What the server takes from other files is
// put in where it lies beside the mesh:
//   .obj         the materials it uses out of its `mtllib` files, with their
//                base colour pictures (`map_Kd`)
//   .gltf, .glb  buffers, and the pictures of base colours; a GLB comes out
// Any other file, and a mesh that stands alone, is sent as it is; so is one
// that is broken, which the server tells best. Buffers and pictures of glTF
// stream from their files.
//
// Files outside the mesh's folder are not read, nor pictures that are neither
// PNG, JPEG nor WebP. A material or picture that cannot be had is left out, and
// a note names it, the mesh and why. Pictures and libraries under absolute
// names
// ("C:\art\skin.png") are looked for beside the mesh.
//
// INVALID_ARGUMENT: a buffer outside the folder, a buffer view beyond its
// buffer, more than kMaxMeshBytes in all. NOT_FOUND: the mesh or a buffer is
// not there. OUT_OF_RANGE: the mesh is too large, a buffer smaller than told.
absl::StatusOr<ByteSource> OpenMeshFile(const std::string& path,
                                        std::vector<std::string>* notes);

}  // namespace phosphene::client
