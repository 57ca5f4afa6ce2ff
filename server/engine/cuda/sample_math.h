#pragma once

// The arithmetic of reading an atlas, one fragment at a time, for CPU loops and
// GPU kernels alike. Knows no tensors and no CUDA.

#include <cmath>
#include <cstdint>
#include <cstring>

#include "server/engine/cuda/host_device.h"

namespace phosphene {

// 16384 halved down to 1.
inline constexpr int kMaxMipLevels = 15;

// log2 of a positive finite float, to 2e-6: the same bits on every device, as
// the libraries' logarithms are not. 2/ln2 atanh((m-1)/(m+1)) of the mantissa.
PHOSPHENE_HD inline float Log2(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  const int32_t exponent = static_cast<int32_t>(bits >> 23) - 127;
  bits = (bits & 0x7fffff) | 0x3f800000;
  float m;
  memcpy(&m, &bits, sizeof(m));
  const float t = (m - 1.0f) / (m + 1.0f), s = t * t;
  const float series =
      1.0f + s * (1.0f / 3 + s * (1.0f / 5 + s * (1.0f / 7 + s * (1.0f / 9))));
  return static_cast<float>(exponent) + 2.885390082f * (t * series);
}

// Level of detail of a pixel in which u, v change by these to the right and
// down, in an atlas of this size: log2 of its longer side in texels, at least
// 0 (also for what is no number), at most 30.
PHOSPHENE_HD inline float MipLevelOf(float u_dx, float v_dx, float u_dy,
                                     float v_dy, float height, float width) {
  const float ax = u_dx * width, ay = v_dx * height;
  const float bx = u_dy * width, by = v_dy * height;
  const float a = ax * ax + ay * ay, b = bx * bx + by * by;
  const float square = a > b ? a : b;
  if (!(square > 1.0f)) return 0;
  if (!(square < 1e18f)) return 30;
  return 0.5f * Log2(square);
}

// The two levels a fragment reads and the share of the coarser one.
struct LevelBlend {
  int32_t fine, coarse;
  float share;
};
PHOSPHENE_HD inline LevelBlend BlendOf(float level, int32_t levels) {
  const float top = static_cast<float>(levels - 1);
  const float at = level > 0 ? (level < top ? level : top) : 0.0f;
  LevelBlend out;
  out.fine = static_cast<int32_t>(at);
  out.share = at - static_cast<float>(out.fine);
  out.coarse = out.fine + 1 < levels ? out.fine + 1 : out.fine;
  return out;
}

// Two neighbouring texels along an axis of `size`, wrapped.
struct AxisTaps {
  int32_t at[2];
  float share;  // of the second
};
// `place`: 0 and 1 are the borders of the atlas.
PHOSPHENE_HD inline AxisTaps TapsOf(float place, int32_t size) {
  float turned = place - floorf(place);
  if (!(turned >= 0 && turned <= 1)) turned = 0;  // of what is no number
  const float texel = turned * static_cast<float>(size) - 0.5f;
  const float below = floorf(texel);
  AxisTaps out;
  out.share = texel - below;
  const int32_t first = static_cast<int32_t>(below);  // -1..size-1
  out.at[0] = first < 0 ? size - 1 : first;
  out.at[1] = first + 1 < size ? first + 1 : 0;
  return out;
}

// The four texels about a point at one level.
struct TexelTaps {
  AxisTaps y, x;
};
PHOSPHENE_HD inline TexelTaps TapsAt(float u, float v, int32_t height,
                                     int32_t width) {
  return {TapsOf(1.0f - v, height), TapsOf(u, width)};
}
// Texel k of the four: row k >> 1, column k & 1.
PHOSPHENE_HD inline float WeightOf(const TexelTaps& taps, int k) {
  const float y = k >> 1 ? taps.y.share : 1.0f - taps.y.share;
  const float x = k & 1 ? taps.x.share : 1.0f - taps.x.share;
  return y * x;
}

// Where the texels of each level lie: texel i of channel c of level l is
// base[l][c * channel[l] + i].
struct TexelLevels {
  int32_t levels = 0;
  int32_t channels = 0;
  int32_t height[kMaxMipLevels] = {};
  int32_t width[kMaxMipLevels] = {};
  float* base[kMaxMipLevels] = {};
  int64_t channel[kMaxMipLevels] = {};
};

// An atlas held whole: rows follow each other.
struct PlainTexels : TexelLevels {
  PHOSPHENE_HD int64_t At(int32_t level, int32_t y, int32_t x) const {
    return static_cast<int64_t>(y) * width[level] + x;
  }
};

// Tiles of 32 x 32, each with its levels 1 to 5 (16x16 to 1x1, 341 texels in
// all), and coarser levels as PlainTexels has them.
inline constexpr int32_t kTileLevels = 6;
inline constexpr int32_t kTileTexels = 32 * 32;
inline constexpr int32_t kTileMips = 16 * 16 + 8 * 8 + 4 * 4 + 2 * 2 + 1;
PHOSPHENE_HD inline int32_t TileMipStart(int32_t level) {
  const int32_t start[kTileLevels] = {0, 0, 256, 320, 336, 340};
  return start[level];
}
struct TiledTexels : TexelLevels {
  const int32_t* slot = nullptr;  // of each tile of the atlas, -1: not given
  int32_t tiles_a_row = 0;

  // -1: the tile is not given.
  PHOSPHENE_HD int64_t At(int32_t level, int32_t y, int32_t x) const {
    if (level >= kTileLevels) return static_cast<int64_t>(y) * width[level] + x;
    const int32_t shift = kTileLevels - 1 - level, mask = (1 << shift) - 1;
    const int32_t tile = slot[(y >> shift) * tiles_a_row + (x >> shift)];
    if (tile < 0) return -1;
    const int32_t inside = ((y & mask) << shift) + (x & mask);
    const int64_t size = level == 0 ? kTileTexels : kTileMips;
    return tile * size * channels + TileMipStart(level) + inside;
  }
};

// Calls fn(level, place, weight) for every texel a fragment reads at levels
// `first` to `last`, up to eight.
template <typename Texels, typename Fn>
PHOSPHENE_HD inline void ForEachTap(const Texels& texels, float u, float v,
                                    float level, int32_t first, int32_t last,
                                    const Fn& fn) {
  const LevelBlend blend = BlendOf(level, texels.levels);
  for (int pass = 0; pass < 2; ++pass) {
    const int32_t l = pass == 0 ? blend.fine : blend.coarse;
    const float share = pass == 0 ? 1.0f - blend.share : blend.share;
    if (pass == 1 && !(share > 0)) return;
    if (l < first || l > last) continue;
    const TexelTaps taps = TapsAt(u, v, texels.height[l], texels.width[l]);
    for (int k = 0; k < 4; ++k) {
      const int64_t at = texels.At(l, taps.y.at[k >> 1], taps.x.at[k & 1]);
      if (at >= 0) fn(l, at, share * WeightOf(taps, k));
    }
  }
}

}  // namespace phosphene
