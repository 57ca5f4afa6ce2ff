// The surface behind each texel.

#include "server/engine/raster/atlas_positions.h"

#include "server/engine/raster/uv_spans.h"

namespace phosphene {
namespace {

// Position of a triangle's point at the centre of texel (x, row) of a span.
Vec3 PositionAt(const RasterMesh& mesh, const UvSpan& span, int32_t x) {
  const RasterPrim& prim = span.prim;
  const auto& corner = mesh.triangles[prim.triangle].position;
  const EdgeValues edges = EdgesAt(prim, x, span.row);
  const double area = AreaOf(prim);
  double at[3] = {0, 0, 0};
  for (int k = 0; k < 3; ++k) {
    const Vec3& p = mesh.positions[corner[prim.flipped && k > 0 ? 3 - k : k]];
    const double b = edges.e[k] / area;
    at[0] += b * p.x;
    at[1] += b * p.y;
    at[2] += b * p.z;
  }
  return {static_cast<float>(at[0]), static_cast<float>(at[1]),
          static_cast<float>(at[2])};
}

}  // namespace

at::Tensor AtlasPositions(const RasterMesh& mesh, int64_t height, int64_t width,
                          TexelMask* mask) {
  TORCH_CHECK(mask->height() == height && mask->width() == width, "a mask of ",
              mask->height(), "x", mask->width(), " for an atlas of ", height,
              "x", width);
  at::Tensor out = at::zeros({3, height, width}, at::kFloat);
  float* to = out.mutable_data_ptr<float>();
  const int64_t plane = height * width;
  for (size_t t = 0; t < mesh.triangles.size(); ++t) {
    ForEachUvSpan(mesh, t, height, width, [&](const UvSpan& span) {
      const int64_t y = WrappedTexel(span.row, height);
      for (int32_t column = span.first; column <= span.last; ++column) {
        const int64_t x = WrappedTexel(column, width);
        if (mask->Get(y, x)) continue;
        mask->Set(y, x);
        const Vec3 p = PositionAt(mesh, span, column);
        to[y * width + x] = p.x;
        to[plane + y * width + x] = p.y;
        to[2 * plane + y * width + x] = p.z;
      }
    });
  }
  return out;
}

}  // namespace phosphene
