#pragma once

// Plain loops of the rasterizer on the CPU; no torch here. A view is drawn in
// bands of rows, each by one thread, so that a result never depends on the
// number of threads.

#include <cstdint>
#include <vector>

#include "server/engine/cuda/fragment_math.h"

namespace phosphene {

inline constexpr int32_t kBandRows = 32;
// Pixels are tested this many at a time; rows of scratch are whole multiples.
inline constexpr int32_t kRasterLanes = 8;

struct PrimList {
  std::vector<RasterPrim> prims;  // in the order of triangles
  std::vector<PrimWeights> weights;
};

// Corners `begin`..`end`-1 of the mesh on the screen.
void ProjectVertices(const RasterView& view, const RasterGeometry& mesh,
                     int64_t begin, int64_t end, ScreenVertex* out);

// Appends the prims of triangles `begin`..`end`-1 that may cover a pixel.
void SetupTriangles(const RasterView& view, const RasterGeometry& mesh,
                    const ScreenVertex* vertices, int64_t begin, int64_t end,
                    PrimList* out);

// For bands of kBandRows rows: prims that touch band b are
// at[begin[b]] .. at[begin[b + 1] - 1], ascending.
struct PrimBins {
  std::vector<int32_t> begin;
  std::vector<int32_t> at;
};
void BinPrims(const std::vector<RasterPrim>& prims, int32_t height,
              PrimBins* out);

// Rows `top`..`bottom`-1 of a view. A pixel's place in the arrays is
// (y - top) * stride + x; stride >= width, a multiple of kRasterLanes.
struct RasterBand {
  int32_t top = 0, bottom = 0, width = 0, stride = 0;
};
// Fills `nearest` with the number of the prim each pixel shows, -1 where none;
// `depth` is scratch of the same size. Returns how many show one.
int64_t DrawBand(const RasterBand& band, const std::vector<RasterPrim>& prims,
                 const int32_t* at, int64_t count, float* depth,
                 int32_t* nearest);

// Writes the fragments of a drawn band from number `first` on, and the triangle
// of each of its pixels to `triangle` [rows, width]. `first_pixel`: number of
// the view's pixel (0, 0).
void WriteBand(const RasterView& view, const RasterGeometry& mesh,
               const RasterBand& band, const PrimList& list,
               const int32_t* nearest, int64_t first_pixel, int64_t first,
               const FragmentArrays& to, int32_t* triangle);

}  // namespace phosphene
