#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/meshes/mesh.h"
#include "server/meshes/read_mesh.h"

namespace phosphene {

// Fills in the materials that `mtl`, the text of an MTL file, tells of by name:
// Kd is the base colour (1 where there is none), map_Kd its picture as a data
// URI. A picture in another file is left out with a note. INVALID_ARGUMENT
// names the material: a broken URI, pictures over the limit.
absl::Status ReadMtl(absl::string_view mtl, const MeshLimits& limits,
                     std::vector<MeshMaterial>* materials,
                     std::vector<std::string>* notes);

// Puts `picture` into `material`, or a note why not: not PNG, JPEG or WebP.
// INVALID_ARGUMENT when `*total`, bytes of pictures so far, outgrows the limit.
absl::Status AddPicture(std::string picture, const MeshLimits& limits,
                        int64_t* total, MeshMaterial* material,
                        std::vector<std::string>* notes);

absl::Status TooManyPictureBytes(const MeshLimits& limits);

}  // namespace phosphene
