#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "server/imaging/image.h"
#include "server/meshes/mesh.h"

namespace phosphene {

// The colours that `original`'s file gives it, as an RGB picture of `size` x
// `size` in the UVs of `target`, which has the same triangles in the same order
// (the mesh itself, or what Unwrap made of it). Nothing where the file tells no
// colour: no picture and no base colour but white.
//
// Where both have the same UVs and one picture serves all triangles it is that
// picture, resampled. Else triangles are drawn into the atlas, each texel's
// centre taken from the material's picture (bilinear, wrapped, shrunk before to
// at most 2 x size) times its base colour; what lies around charts is filled
// from them for 16 texels, and the rest is 0.5 grey, as are triangles without
// material. UVs wrap; where they overlap the last triangle of the last picture
// shows. A picture over a mesh without UVs gives its mean.
//
// One picture is decoded at a time. INVALID_ARGUMENT names the material whose
// picture is broken, is over 67 million pixels or takes all of them beyond 268
// million; also when triangles or size (1..16384) don't fit. Deterministic.
absl::StatusOr<std::optional<Image8>> BakeBaseColor(const Mesh& original,
                                                    const Mesh& target,
                                                    int size);

}  // namespace phosphene
