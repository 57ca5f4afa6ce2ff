#pragma once

#include <cstdint>
#include <functional>

#include "server/engine/cuda/raster_math.h"
#include "server/engine/raster/raster_mesh.h"

namespace phosphene {

// Triangles of a mesh drawn on its atlas by the rasterizer's own edges: a texel
// belongs to one where its centre does. Free of torch.

// Neighbouring texels of a row that a triangle covers, in an atlas that goes on
// for ever: WrappedTexel says which texel of the real one that is.
struct UvSpan {
  RasterPrim prim;
  int32_t row = 0, first = 0, last = 0;
};

// A triangle over more than this many atlases along an axis is not drawn.
inline constexpr double kMaxUvRepeats = 2;

// Calls fn(span) for the spans of a triangle on an atlas of height x width,
// rows from above; false where it is too large to be drawn.
bool ForEachUvSpan(const RasterMesh& mesh, size_t triangle, int64_t height,
                   int64_t width, const std::function<void(const UvSpan&)>& fn);

// 0..size-1, after whole turns.
inline int64_t WrappedTexel(int64_t at, int64_t size) {
  const int64_t rest = at % size;
  return rest < 0 ? rest + size : rest;
}

}  // namespace phosphene
