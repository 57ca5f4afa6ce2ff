#pragma once

#include "absl/types/span.h"
#include "server/engine/raster/sample.h"
#include "server/engine/raster/sample_tiles.h"
#include "server/engine/tensor/torch_pch.h"
#include "server/meshes/topology.h"

namespace phosphene {

inline constexpr int64_t kMaxSeamPoints = int64_t{1} << 22;

// [4,n] f32 (ua, va, ub, vb), the same points in space: points along every
// seam, two texels of an H x W atlas apart on the side that is longer there, at
// least one an edge, at the middles of equal parts. More than kMaxSeamPoints
// are spaced wider.
at::Tensor SeamPoints(absl::Span<const SurfaceEdge> edges, int64_t height,
                      int64_t width);

// [] f32: how much the two sides differ: the mean over points and channels of
// (T(a) - T(b))^2, averaged over levels of detail 0..levels-1 (those there
// are). 0 without points. Exact gradient to the atlas [C,H,W]; deterministic.
at::Tensor SeamLoss(const at::Tensor& atlas, const at::Tensor& points,
                    int64_t levels);
at::Tensor SeamLoss(const SharedAtlas& atlas, const at::Tensor& points,
                    int64_t levels);

// The same over the tiles given (sample_tiles.h). REQUIRES: the points' tiles
// at these levels are there; SeamTiles names them.
at::Tensor SeamTileLoss(const at::Tensor& texels, const TileTable& table,
                        const at::Tensor& points, int64_t levels);
at::Tensor SeamTiles(const at::Tensor& points, int64_t levels, int64_t height,
                     int64_t width);
// [m] i64: which of the points [4,n] have all their tiles in the table.
at::Tensor SeamPointsWithin(const TileTable& table, const at::Tensor& points,
                            int64_t levels);

}  // namespace phosphene
