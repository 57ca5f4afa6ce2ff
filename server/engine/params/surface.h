#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/tensor/torch_pch.h"
#include "server/imaging/image.h"
#include "server/meshes/mesh.h"

namespace phosphene {

// A mesh and its texture: what files of 3D objects hold.
struct TexturedMesh {
  // In the coordinates of its file; UVs are the atlas'. Lives as long as the
  // parameterization.
  const Mesh* mesh = nullptr;
  // RGB, texels between the charts filled from their neighbours.
  Image8 atlas;
};

// Degrees; see v1::Viewpoint.
struct ViewAngles {
  double azimuth = 30;
  double elevation = 15;
};

// What a parameterization that paints a surface in space hands out beside its
// image. Confined to the thread of its Param.
class Surface {
 public:
  virtual ~Surface() = default;

  // Of the image made last: the share of each pixel that the object covers,
  // [rows,1,H,W] f32 0..1, no gradient.
  virtual at::Tensor Coverage() = 0;
  // The object with its own texture in the views of `step`, [rows,C,H,W], no
  // gradient; backgrounds are those of the image.
  virtual at::Tensor Original(int64_t step) = 0;
  // See v1::SeamObjective: a scalar of the image made last, with gradient, over
  // `levels` of detail; undefined where there are no seams (a colour of space).
  virtual at::Tensor SeamStep(int64_t levels) = 0;
  // Starts from the object's own texture.
  virtual absl::Status SetOriginal() = 0;
  // The finished object. RESOURCE_EXHAUSTED: too large to hold.
  virtual absl::StatusOr<TexturedMesh> Export() = 0;
  // The finished object from outside, one image [1,C,H,W] 0..1 of each view, no
  // gradient, at the distance where it just fits.
  virtual at::Tensor RenderFrom(const ViewAngles& view, int64_t height,
                                int64_t width) = 0;
};

}  // namespace phosphene
