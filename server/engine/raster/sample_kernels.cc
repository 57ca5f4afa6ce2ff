// Texels to fragments and back, and levels of detail and back.

#include "server/engine/raster/sample_kernels.h"

#include <algorithm>

#include "server/engine/raster/clones.h"

namespace phosphene {
namespace {

// Texels of points are found once for all channels, this many points at once.
constexpr int64_t kChunk = 256;

struct Tap {
  int32_t level;
  float weight;
  int64_t at;
};

struct LevelRange {
  int32_t first, last;
};
constexpr LevelRange kAllLevels = {0, kMaxMipLevels};

// The texels of points begin..begin+count-1: those of point i are
// taps[8 * i] .. taps[8 * i + taps_of[i] - 1].
template <typename Texels>
PHOSPHENE_RASTER_INLINE void FindTaps(const Texels& texels,
                                      const SamplePoints& points,
                                      const LevelRange& range, int64_t begin,
                                      int64_t count, Tap* taps,
                                      int32_t* taps_of) {
  for (int64_t i = 0; i < count; ++i) {
    Tap* to = taps + 8 * i;
    const float level =
        points.level == nullptr ? 0.0f : points.level[begin + i];
    ForEachTap(texels, points.u[begin + i], points.v[begin + i], level,
               range.first, range.last,
               [&to](int32_t l, int64_t at, float weight)
                   PHOSPHENE_RASTER_ALWAYS {
                     *to++ = {l, weight, at};
                   });
    taps_of[i] = static_cast<int32_t>(to - (taps + 8 * i));
  }
}

inline int64_t PlaceOf(const SamplePoints& points, int32_t channels,
                       int64_t i) {
  if (points.pixel == nullptr) return i;
  const int64_t view = points.pixel[i] / points.plane;
  return view * (channels - 1) * points.plane + points.pixel[i];
}

// Calls fn(taps, number of them, place) for every point in order.
template <typename Texels, typename Fn>
PHOSPHENE_RASTER_INLINE void OverPoints(const Texels& texels,
                                        const SamplePoints& points,
                                        const LevelRange& range, int64_t begin,
                                        int64_t end, const Fn& fn) {
  Tap taps[8 * kChunk];
  int32_t taps_of[kChunk];
  for (int64_t at = begin; at < end; at += kChunk) {
    const int64_t count = std::min(kChunk, end - at);
    FindTaps(texels, points, range, at, count, taps, taps_of);
    for (int64_t i = 0; i < count; ++i) {
      fn(taps + 8 * i, taps_of[i], PlaceOf(points, texels.channels, at + i));
    }
  }
}

// Looks nothing up: notes the tile.
struct MarkedTexels : TexelLevels {
  uint8_t* marks = nullptr;
  int32_t tiles_a_row = 0;

  PHOSPHENE_RASTER_INLINE int64_t At(int32_t level, int32_t y,
                                     int32_t x) const {
    const int32_t shift = kTileLevels - 1 - level;
    if (shift >= 0) marks[(y >> shift) * tiles_a_row + (x >> shift)] = 1;
    return -1;
  }
};

// One row of means of two rows of fine texels, two columns each.
PHOSPHENE_RASTER_INLINE void MeanRow(const float* __restrict upper,
                                     const float* __restrict lower,
                                     int32_t width, float* __restrict out) {
  for (int32_t x = 0; x < width; ++x) {
    out[x] = ((upper[2 * x] + upper[2 * x + 1]) +
              (lower[2 * x] + lower[2 * x + 1])) *
             0.25f;
  }
}

// Its transpose for one of the two rows.
PHOSPHENE_RASTER_INLINE void AddRow(const float* __restrict from, int32_t width,
                                    float* __restrict out) {
  for (int32_t x = 0; x < width; ++x) {
    out[2 * x] += 0.25f * from[x];
    out[2 * x + 1] += 0.25f * from[x];
  }
}
PHOSPHENE_RASTER_INLINE void WriteRow(const float* __restrict from,
                                      int32_t width, float* __restrict out) {
  for (int32_t x = 0; x < width; ++x) {
    out[2 * x] = 0.25f * from[x];
    out[2 * x + 1] = 0.25f * from[x];
  }
}

// What texels of a halved axis cover of the finer one: texel i the texels from
// i size/half on, size/half wide: two, or parts of three of an odd axis.
struct AxisMean {
  int32_t first;
  int32_t count;
  float share[3];
};
AxisMean MeanOf(int32_t i, int32_t size) {
  const int32_t half = std::max(1, size / 2);
  AxisMean out = {};
  // In units of 1/half texel: [i size, (i + 1) size).
  const int64_t from = static_cast<int64_t>(i) * size, to = from + size;
  out.first = static_cast<int32_t>(from / half);
  for (int32_t t = out.first; t < size && int64_t{t} * half < to; ++t) {
    const int64_t covered = std::min(to, (int64_t{t} + 1) * half) -
                            std::max(from, int64_t{t} * half);
    out.share[out.count++] =
        static_cast<float>(static_cast<double>(covered) / size);
  }
  return out;
}

}  // namespace

PHOSPHENE_RASTER_CLONES void WriteMipLevels(const float* uv_dx,
                                            const float* uv_dy, int64_t count,
                                            int64_t begin, int64_t end,
                                            float height, float width,
                                            float* level) {
  for (int64_t i = begin; i < end; ++i) {
    level[i] = MipLevelOf(uv_dx[i], uv_dx[count + i], uv_dy[i],
                          uv_dy[count + i], height, width);
  }
}

namespace {

template <typename Texels>
PHOSPHENE_RASTER_INLINE void Read(const Texels& texels,
                                  const SamplePoints& points, int64_t begin,
                                  int64_t end, float* to) {
  OverPoints(texels, points, kAllLevels, begin, end,
             [&](const Tap* taps, int32_t count,
                 int64_t place) PHOSPHENE_RASTER_ALWAYS {
               for (int32_t c = 0; c < texels.channels; ++c) {
                 float sum = 0;
                 for (int32_t k = 0; k < count; ++k) {
                   const int32_t l = taps[k].level;
                   sum += taps[k].weight *
                          texels.base[l][c * texels.channel[l] + taps[k].at];
                 }
                 to[place + c * points.stride] = sum;
               }
             });
}

template <typename Texels>
PHOSPHENE_RASTER_INLINE void Add(const Texels& texels,
                                 const SamplePoints& points, int64_t count,
                                 bool fine, int32_t first, int32_t last,
                                 const float* from) {
  const LevelRange range =
      fine ? LevelRange{0, 0} : LevelRange{1, kMaxMipLevels};
  OverPoints(texels, points, range, 0, count,
             [&](const Tap* taps, int32_t many, int64_t place)
                 PHOSPHENE_RASTER_ALWAYS {
                   for (int32_t c = first; c < last; ++c) {
                     const float value = from[place + c * points.stride];
                     for (int32_t k = 0; k < many; ++k) {
                       const int32_t l = taps[k].level;
                       texels.base[l][c * texels.channel[l] + taps[k].at] +=
                           taps[k].weight * value;
                     }
                   }
                 });
}

}  // namespace

PHOSPHENE_RASTER_CLONES void ReadTexels(const PlainTexels& texels,
                                        const SamplePoints& points,
                                        int64_t begin, int64_t end, float* to) {
  Read(texels, points, begin, end, to);
}
PHOSPHENE_RASTER_CLONES void ReadTexels(const TiledTexels& texels,
                                        const SamplePoints& points,
                                        int64_t begin, int64_t end, float* to) {
  Read(texels, points, begin, end, to);
}
PHOSPHENE_RASTER_CLONES void AddToTexels(const PlainTexels& texels,
                                         const SamplePoints& points,
                                         int64_t count, bool fine,
                                         int32_t first, int32_t last,
                                         const float* from) {
  Add(texels, points, count, fine, first, last, from);
}
PHOSPHENE_RASTER_CLONES void AddToTexels(const TiledTexels& texels,
                                         const SamplePoints& points,
                                         int64_t count, bool fine,
                                         int32_t first, int32_t last,
                                         const float* from) {
  Add(texels, points, count, fine, first, last, from);
}

PHOSPHENE_RASTER_CLONES void MarkTiles(const TexelLevels& levels,
                                       const SamplePoints& points,
                                       int64_t count, uint8_t* marks) {
  MarkedTexels texels;
  static_cast<TexelLevels&>(texels) = levels;
  texels.marks = marks;
  texels.tiles_a_row = levels.width[0] >> (kTileLevels - 1);
  for (int64_t i = 0; i < count; ++i) {
    ForEachTap(texels, points.u[i], points.v[i],
               points.level == nullptr ? 0.0f : points.level[i], 0,
               kTileLevels - 1,
               [](int32_t, int64_t, float) PHOSPHENE_RASTER_ALWAYS {});
  }
}

PHOSPHENE_RASTER_CLONES void MakeMipRows(const float* fine, int32_t height,
                                         int32_t width, int32_t begin,
                                         int32_t end, float* coarse) {
  const int64_t half = std::max(1, width / 2);
  for (int32_t y = begin; y < end; ++y) {
    float* out = coarse + y * half;
    if (height % 2 == 0 && width % 2 == 0) {
      const float* upper = fine + int64_t{2} * y * width;
      MeanRow(upper, upper + width, static_cast<int32_t>(half), out);
      continue;
    }
    const AxisMean rows = MeanOf(y, height);
    for (int32_t x = 0; x < half; ++x) {
      const AxisMean columns = MeanOf(x, width);
      float sum = 0;
      for (int32_t r = 0; r < rows.count; ++r) {
        const float* row =
            fine + static_cast<int64_t>(rows.first + r) * width + columns.first;
        for (int32_t k = 0; k < columns.count; ++k)
          sum += rows.share[r] * columns.share[k] * row[k];
      }
      out[x] = sum;
    }
  }
}

PHOSPHENE_RASTER_CLONES void SpreadMipRows(const float* coarse, int32_t height,
                                           int32_t width, int32_t begin,
                                           int32_t end, Spread how,
                                           float* fine) {
  const int32_t half = std::max(1, width / 2);
  const int32_t half_rows = std::max(1, height / 2);
  for (int32_t y = begin; y < end; ++y) {
    float* __restrict row = fine + static_cast<int64_t>(y) * width;
    if (height % 2 == 0 && width % 2 == 0) {
      const float* __restrict from =
          coarse + static_cast<int64_t>(y / 2) * half;
      if (how == Spread::kAdd) {
        AddRow(from, half, row);
      } else {
        WriteRow(from, half, row);
      }
      continue;
    }
    if (how == Spread::kOverwrite) std::fill(row, row + width, 0.0f);
    // Coarse rows that may cover this one: at most two.
    const int32_t low = static_cast<int32_t>(int64_t{y} * half_rows / height);
    for (int32_t cy = low; cy <= std::min(low + 1, half_rows - 1); ++cy) {
      const AxisMean rows = MeanOf(cy, height);
      const int32_t r = y - rows.first;
      if (r < 0 || r >= rows.count) continue;
      for (int32_t x = 0; x < half; ++x) {
        const AxisMean columns = MeanOf(x, width);
        for (int32_t k = 0; k < columns.count; ++k) {
          row[columns.first + k] += rows.share[r] * columns.share[k] *
                                    coarse[static_cast<int64_t>(cy) * half + x];
        }
      }
    }
  }
}

void MakeTileMips(const float* tile, float* mips) {
  const float* fine = tile;
  for (int32_t level = 1; level < kTileLevels; ++level) {
    const int32_t side = 32 >> (level - 1);
    float* coarse = mips + TileMipStart(level);
    MakeMipRows(fine, side, side, 0, side / 2, coarse);
    fine = coarse;
  }
}

void SpreadTileMips(float* mips, float* tile) {
  for (int32_t level = kTileLevels - 1; level > 0; --level) {
    const int32_t side = 32 >> (level - 1);
    float* fine = level == 1 ? tile : mips + TileMipStart(level - 1);
    SpreadMipRows(mips + TileMipStart(level), side, side, 0, side,
                  level == 1 ? Spread::kOverwrite : Spread::kAdd, fine);
  }
}

}  // namespace phosphene
