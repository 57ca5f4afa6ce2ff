#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/imaging/encode.h"
#include "server/imaging/image.h"
#include "server/meshes/mesh.h"

namespace phosphene {

// Three files that belong into one folder as NAME.obj, NAME.mtl, NAME.png.
struct ObjFiles {
  std::string obj;
  std::string mtl;
  std::string png;
};

// Wavefront OBJ with material and texture. Positions and UVs are those of the
// mesh, with digits that read back to the same bits, and faces keep their
// order. One material, matte and white under the texture (Kd and Ka 1, Ks 0,
// illum 1): viewers show the texture's own colours, as bright as their light.
// The files name each other without a folder. The picture is written with
// `png`.
//
// INVALID_ARGUMENT: CheckTextured; a `name` that is not 1-63 characters A-Z a-z
// 0-9 _ - . (others end or split names inside of OBJ files). Pure: same
// input, same bytes. Thread-safe.
absl::StatusOr<ObjFiles> EncodeObj(const Mesh& mesh, const Image8& atlas,
                                   absl::string_view name,
                                   const PngOptions& png = {});

}  // namespace phosphene
