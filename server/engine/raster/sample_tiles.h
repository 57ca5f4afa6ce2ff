#pragma once

#include "server/engine/raster/raster.h"
#include "server/engine/raster/sample.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// sample.h for atlases too large to be touched whole: only tiles of 32x32
// texels that views need are given, and gradients go to these. Time and memory
// follow the tiles given, but for some bytes a tile of the atlas.
//
// Levels 0 to 5 lie within tiles. Coarser ones are means of tiles; those not
// given count with their mean in `rest`, and get no gradient. Levels end where
// a side can be halved no more without a remainder.
//
//   at::Tensor ids = TouchedTiles(views, side, side, filter);
//   texels = ...;  // [t,C,32,32], rows of the caller's store, requires grad
//   image = SampleTiles(texels, {side, side, ids, rest}, views, filter);
//
// With all tiles given this is SampleAtlas to rounding, its gradient too.

inline constexpr int64_t kTileSide = 32;

struct TileTable {
  int64_t height = 0, width = 0;  // of the atlas, multiples of kTileSide
  // [t] i64, ascending: row * (width / 32) + column of each tile given.
  at::Tensor ids;
  // [C,height/32,width/32] f32: means of tiles, read where a tile is not given
  // (tiles never given: those of their start). Undefined: 0.
  at::Tensor rest;
};

// [t] i64, ascending: tiles that a view reads texels of at levels 0 to 5.
at::Tensor TouchedTiles(const RasterViews& views, int64_t height, int64_t width,
                        TexelFilter filter);
// The same at points [2,n] and levels [n] f32 (undefined: all 0).
at::Tensor TouchedTilesAt(const at::Tensor& uv, const at::Tensor& level,
                          int64_t height, int64_t width);

// texels: [t,C,32,32] f32 in the order of table.ids. REQUIRES: the table has
// the tiles that TouchedTiles names; others read 0.
at::Tensor SampleTiles(const at::Tensor& texels, const TileTable& table,
                       const RasterViews& views, TexelFilter filter);
at::Tensor SampleTilesAt(const at::Tensor& texels, const TileTable& table,
                         const at::Tensor& uv, const at::Tensor& level);

}  // namespace phosphene
