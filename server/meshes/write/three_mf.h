#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/imaging/image.h"
#include "server/meshes/mesh.h"

namespace phosphene {

struct ThreeMfOptions {
  double size = 100;  // millimetres, the longest side; 1..10000
};

// 3D Manufacturing Format, for colour printing: a package of the mesh and its
// PNG texture (core specification 1.2 with the materials extension 1.2:
// texture2d, texture2dgroup). Units are millimetres; the mesh is scaled to
// `size` along its longest side, turned from y up to z up, stands on z = 0 and
// touches x = 0 and y = 0, since printers' coordinates begin there.
//
// INVALID_ARGUMENT: CheckTextured; size; a package over 4 GiB. Pure: same
// input, same bytes. Thread-safe.
absl::StatusOr<std::string> EncodeThreeMf(const Mesh& mesh, const Image8& atlas,
                                          const ThreeMfOptions& options = {});

}  // namespace phosphene
