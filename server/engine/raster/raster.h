#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "server/engine/raster/camera.h"
#include "server/engine/raster/raster_mesh.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// What a batch of views shows. Pixels that show the mesh are *fragments*, n of
// them over all views, in the order of views, rows and columns; what is not
// covered costs nothing. Pixel (x, y) is seen through its centre. Tensors are
// on the device of the request, without gradient, and not shared with later
// results.
struct RasterViews {
  int64_t views = 0, height = 0, width = 0;
  at::Tensor triangle;  // [views,height,width] i32, -1: background
  at::Tensor pixel;     // [n] i64: (view height + y) width + x
  at::Tensor face;      // [n] i32: the triangle
  at::Tensor uv;        // [2,n] f32: u, v; as in the mesh, not wrapped
  at::Tensor uv_dx;     // [2,n] f32: du/dx, dv/dx a pixel to the right
  at::Tensor uv_dy;     // [2,n] f32: du/dy, dv/dy a pixel down
  // By RasterOptions, else undefined:
  at::Tensor barycentric;  // [3,n] f32: 0..1, of the triangle in space
  at::Tensor position;     // [3,n] f32: of RasterMesh, so at most 1 from 0
  // [n] f32: 0..1, |z| of the normal as the camera sees it; what a lamp at the
  // camera lights. Smooth but for creases.
  at::Tensor facing;

  int64_t fragments() const { return pixel.size(0); }
};

struct RasterOptions {
  bool barycentric = false;
  bool position = false;
  bool facing = false;
  at::Device device = at::kCPU;  // or a CUDA device
};

inline constexpr int64_t kMaxViewSide = 8192;
inline constexpr int64_t kMaxViewPixels = int64_t{1} << 30;  // of all views

// Draws views of a mesh; keeps its memory from one call to the next.
//
// Both sides of a face are seen, the nearest one wins; of two at the same depth
// (coincident faces) the triangle of the lower number. Corners are snapped to
// 1/256 pixel and edges are tested in whole numbers (held exactly by doubles),
// with the top-left rule: neighbours leave no hole and share no pixel whatever
// their coordinates are, where float edge functions keep that only for corners
// that fall on no pixel's centre. Barycentrics are those of the snapped
// triangle, so they are never negative; a corner is off by 1/512 pixel at most.
// Faces are cut at the camera's near plane, and far outside of the picture.
//
// Deterministic: the same bytes for any number of threads. On CUDA the same
// arithmetic (engine/cuda/raster_math.h, fragment_math.h). Thread-compatible.
//
// Supersampling: draw at twice the size and take means of 2x2 pixels.
class Rasterizer {
 public:
  // `mesh` must outlive this.
  explicit Rasterizer(const RasterMesh& mesh);
  ~Rasterizer();

  const RasterMesh& mesh() const { return mesh_; }

  // REQUIRES: 1 <= height, width <= kMaxViewSide, at least one camera, at most
  // kMaxViewPixels in all (c10::Error otherwise).
  RasterViews Draw(absl::Span<const Camera> cameras, int64_t height,
                   int64_t width, const RasterOptions& options = {});

 private:
  struct Scratch;
  RasterViews DrawOnCuda(absl::Span<const Camera> cameras, int64_t height,
                         int64_t width, const RasterOptions& options);

  const RasterMesh& mesh_;
  std::unique_ptr<Scratch> scratch_;
};

// [views,1,height,width] f32: 1 where a pixel shows the mesh, else 0.
at::Tensor CoverageOf(const RasterViews& views);

// [views,C,height,width] from a value for each fragment [C,n]; 0 elsewhere.
// Differentiable: a CPPN over `position` becomes an image this way.
at::Tensor ToImage(const at::Tensor& values, const RasterViews& views);

}  // namespace phosphene
