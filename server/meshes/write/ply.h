#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/imaging/image.h"
#include "server/meshes/mesh.h"

namespace phosphene {

struct PlyOptions {
  // Triangles at the most; a mesh that has more is written as it is.
  int64_t max_triangles = 500'000;
};

// Stanford PLY, binary, little-endian, with a colour for each vertex: `float x
// y z`, `uchar red green blue`, faces of three `int` indices. Faces are divided
// until their edges span about 2 texels of the atlas, or until the limit
// (Divide). A vertex is a point of the surface: those on a seam have the mean
// of both sides' colours, so neither surface nor colour has cracks. Colours are
// bilinear in the atlas, which wraps, and in a smaller one where triangles
// stayed larger than its pixels.
//
// INVALID_ARGUMENT: CheckTextured. Pure: same input, same bytes. Thread-safe.
absl::StatusOr<std::string> EncodePly(const Mesh& mesh, const Image8& atlas,
                                      const PlyOptions& options = {});

}  // namespace phosphene
