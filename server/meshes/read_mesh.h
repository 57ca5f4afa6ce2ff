#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/meshes/mesh.h"

namespace phosphene {

// How large a mesh may be; checked before memory is spent on it.
struct MeshLimits {
  int64_t max_bytes = 512LL << 20;    // of the file
  int64_t max_triangles = 2'000'000;  // after polygons were cut
  int64_t max_vertices = 6'000'000;  // positions, and UVs, as the file has them
  int64_t max_polygon_corners = 1'000;  // of one face
  int64_t max_materials = 10'000;
  // Of all materials' pictures, as they stand in the file: a picture that
  // several materials share counts for each.
  int64_t max_texture_bytes = 256LL << 20;
};

// Reads a mesh; the format is told by the content, never by a name.
//
// Wavefront OBJ: polygons are cut into triangles, negative indices, several
// objects, groups and materials (`usemtl`), normals and vertex colours are
// ignored. An OBJ names its materials' files, which are not read (a note says
// so). It may carry them instead: after a line `# phosphene mtl` the text of
// the MTL follows, in which `map_Kd` gives a picture as a data URI:
//   # phosphene mtl
//   newmtl hide
//   Kd 1 1 1
//   map_Kd data:image/png;base64,iVBORw0...
//
// glTF 2.0, binary (GLB) or as JSON: every triangle primitive of the scene with
// its node's transform, indices of any width, strips and fans, sparse and
// quantized accessors, buffers and pictures in the file or as data URIs,
// `KHR_texture_transform` and `texCoord` of the base colour. A buffer in
// another file is refused, a picture in another file is left out with a note.
// Extensions that the file requires and this reader lacks (Draco, meshopt) are
// refused by name. v is turned to run upwards, as in OBJ.
//
// Positions closer than 1e-6 of the mesh's extent become one, triangles without
// area are left out, UVs are left out altogether when some face has none; notes
// tell it. INVALID_ARGUMENT, saying where and why: broken, over the limits, not
// finite, of no faces. Thread-safe.
absl::StatusOr<Mesh> ReadMesh(absl::string_view bytes,
                              const MeshLimits& limits = {});

}  // namespace phosphene
