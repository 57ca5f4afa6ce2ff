#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/imaging/image.h"
#include "server/meshes/mesh.h"

namespace phosphene {

struct GlbOptions {
  // Of the texture's JPEG, 1..100; 0 embeds a PNG, lossless.
  int quality = 0;
};

// Binary glTF 2.0 in one file that opens everywhere: one mesh, one primitive,
// one vertex for each pair of position and UV in the mesh's own coordinates,
// smooth normals, v counted from above (glTF's way, so v' = 1 - v), indices of
// 16 bits below 65,535 vertices and of 32 bits from there (65,535 restarts
// primitives). The texture wraps and is filtered trilinearly. The material is
// KHR_materials_unlit, used but not required: where a viewer lacks it, it is a
// rough non-metal of the texture's colour, seen from both sides.
//
// INVALID_ARGUMENT: CheckTextured; quality; a file over 4 GiB. Pure: same
// input, same bytes. Thread-safe.
absl::StatusOr<std::string> EncodeGlb(const Mesh& mesh, const Image8& atlas,
                                      const GlbOptions& options = {});

}  // namespace phosphene
