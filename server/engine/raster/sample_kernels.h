#pragma once

// Plain loops of atlas sampling on the CPU; no torch here. Every sum runs in a
// fixed order within one channel, so that results never depend on the number
// of threads.

#include <cstdint>

#include "server/engine/cuda/sample_math.h"

namespace phosphene {

// Points of an atlas, in the order of their values.
struct SamplePoints {
  const float* u = nullptr;
  const float* v = nullptr;
  const float* level = nullptr;  // null: all 0
  // Where point i's value of channel c lies:
  // place(i) + c * stride, place(i) = i without `pixel`, else that pixel of a
  // batch of pictures [views, channels, plane].
  const int64_t* pixel = nullptr;
  int64_t plane = 0;   // pixels of a view
  int64_t stride = 0;  // from a channel to the next
};

// level[i] for points `begin`..`end`-1.
void WriteMipLevels(const float* uv_dx, const float* uv_dy, int64_t count,
                    int64_t begin, int64_t end, float height, float width,
                    float* level);

// to[...] = what points `begin`..`end`-1 read.
void ReadTexels(const PlainTexels& texels, const SamplePoints& points,
                int64_t begin, int64_t end, float* to);
void ReadTexels(const TiledTexels& texels, const SamplePoints& points,
                int64_t begin, int64_t end, float* to);

// The transpose, for channels `first`..`last`-1: adds from[...] of points
// 0..count-1, in their order, to the texels of level 0 (`fine`), or to those of
// all others.
void AddToTexels(const PlainTexels& texels, const SamplePoints& points,
                 int64_t count, bool fine, int32_t first, int32_t last,
                 const float* from);
void AddToTexels(const TiledTexels& texels, const SamplePoints& points,
                 int64_t count, bool fine, int32_t first, int32_t last,
                 const float* from);

// Sets marks[tile] of every tile of 32 x 32 texels that points 0..count-1 read
// at levels 0 to 5; tiles follow each other by rows.
void MarkTiles(const TexelLevels& levels, const SamplePoints& points,
               int64_t count, uint8_t* marks);

// A level's next coarser one [max(1,h/2), max(1,w/2)]: means over the area of
// each texel. Rows `begin`..`end`-1 of it.
void MakeMipRows(const float* fine, int32_t height, int32_t width,
                 int32_t begin, int32_t end, float* coarse);
// The transpose: adds the gradient of the coarser level to rows
// `begin`..`end`-1 of the finer one, or overwrites these with it.
enum class Spread { kAdd, kOverwrite };
void SpreadMipRows(const float* coarse, int32_t height, int32_t width,
                   int32_t begin, int32_t end, Spread how, float* fine);

// Levels 1 to 5 of a tile [32*32] in [kTileMips]; and the transpose, which adds
// to these and overwrites the tile.
void MakeTileMips(const float* tile, float* mips);
void SpreadTileMips(float* mips, float* tile);

}  // namespace phosphene
