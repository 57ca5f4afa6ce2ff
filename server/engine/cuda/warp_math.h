#pragma once

// The arithmetic of image warps, one pixel at a time, over tables of one block
// of 32-bit words. It gives the values of transforms/warp_kernels.h: the same
// operations in the same order, without contraction to fused multiply-adds.
// Knows no tensors and no CUDA; the kernels and the tests call it.

#include <cmath>
#include <cstdint>
#include <cstring>

#include "server/engine/cuda/host_device.h"

namespace phosphene {

// What is the same for all rows of a batch and for every step of a shape.
struct WarpShape {
  int32_t in_height = 0, in_width = 0;
  // Of the stage image, that a rotation samples; the output's without one.
  int32_t stage_height = 0, stage_width = 0;
  int32_t out_height = 0, out_width = 0;
  int32_t fill_count = 0;
  int32_t bilinear = 0;  // the separable stage blends neighbours
  int32_t taps = 0;      // 0 no rotation, 1 nearest, 4 bilinear
};

// Places of the tables in a block of `words` words. A table named *_begin has
// one entry more than positions; entries begin[k]..begin[k+1]-1 belong to k.
struct WarpLayout {
  WarpShape shape;
  // c, -s, x offset, s, c, y offset (f32): from output to stage pixel; then
  // the fill code of what lies outside.
  int32_t matrix = 0;
  int32_t outside = 0;
  int32_t fills = 0;               // [fill_count] f32
  int32_t y0 = 0, y1 = 0, wy = 0;  // [stage_height]
  int32_t x0 = 0, x1 = 0, wx = 0;  // [stage_width]
  int32_t back_y = 0, back_x = 0;  // [out_height], [out_width]
  // Transposes: stage positions that read an input row (column), with weights;
  // output positions that show a rotated row (column).
  int32_t rows_begin = 0, rows_at = 0, rows_weight = 0;
  int32_t columns_begin = 0, columns_at = 0, columns_weight = 0;
  int32_t shown_rows_begin = 0, shown_rows_at = 0;
  int32_t shown_columns_begin = 0, shown_columns_at = 0;
  int32_t words = 0;
};

inline WarpLayout LayOut(const WarpShape& s) {
  WarpLayout l;
  l.shape = s;
  const auto take = [&l](int32_t count) {
    const int32_t at = l.words;
    l.words += count;
    return at;
  };
  l.matrix = take(6);
  l.outside = take(1);
  l.fills = take(s.fill_count);
  l.y0 = take(s.stage_height), l.y1 = take(s.stage_height);
  l.wy = take(s.stage_height);
  l.x0 = take(s.stage_width), l.x1 = take(s.stage_width);
  l.wx = take(s.stage_width);
  // A stage position reads at most two input rows.
  l.rows_begin = take(s.in_height + 1);
  l.rows_at = take(2 * s.stage_height),
  l.rows_weight = take(2 * s.stage_height);
  l.columns_begin = take(s.in_width + 1);
  l.columns_at = take(2 * s.stage_width);
  l.columns_weight = take(2 * s.stage_width);
  if (s.taps > 0) {
    l.back_y = take(s.out_height), l.back_x = take(s.out_width);
    l.shown_rows_begin = take(s.stage_height + 1);
    l.shown_rows_at = take(s.out_height);
    l.shown_columns_begin = take(s.stage_width + 1);
    l.shown_columns_at = take(s.out_width);
  }
  return l;
}

// An image plane: element (y, x) is data[y * row + x * pixel].
struct PlaneStrides {
  int64_t row = 0;
  int64_t pixel = 1;
};

// The tables of one row of the batch.
class WarpTables {
 public:
  // `transparent`: every fill is 0.
  PHOSPHENE_HD WarpTables(const WarpLayout& layout, const int32_t* words,
                          bool transparent)
      : l_(layout), words_(words), transparent_(transparent) {}

  PHOSPHENE_HD const WarpShape& shape() const { return l_.shape; }
  PHOSPHENE_HD const WarpLayout& layout() const { return l_; }
  PHOSPHENE_HD int32_t Int(int32_t table, int32_t i) const {
    return words_[table + i];
  }
  PHOSPHENE_HD float Float(int32_t table, int32_t i) const {
    float value;
    memcpy(&value, words_ + table + i, sizeof(value));
    return value;
  }
  // Of fill code -1-k.
  PHOSPHENE_HD float Fill(int32_t code) const {
    return transparent_ ? 0.0f : Float(l_.fills, -1 - code);
  }

 private:
  const WarpLayout& l_;
  const int32_t* words_;
  bool transparent_;
};

// Input pixel (r, c); where an index is a fill code, the later fill.
PHOSPHENE_HD inline float WarpSource(const WarpTables& t, const float* in,
                                     const PlaneStrides& strides, int32_t r,
                                     int32_t c) {
  if (r >= 0 && c >= 0) return in[r * strides.row + c * strides.pixel];
  return t.Fill(r < c ? r : c);
}

// Pixel (i, j) of the stage image.
PHOSPHENE_HD inline float WarpStage(const WarpTables& t, const float* in,
                                    const PlaneStrides& strides, int32_t i,
                                    int32_t j) {
  const WarpLayout& l = t.layout();
  const int32_t y0 = t.Int(l.y0, i), x0 = t.Int(l.x0, j);
  if (!l.shape.bilinear) return WarpSource(t, in, strides, y0, x0);
  const int32_t y1 = t.Int(l.y1, i), x1 = t.Int(l.x1, j);
  const float wy = t.Float(l.wy, i), wx = t.Float(l.wx, j);
  const float a = WarpSource(t, in, strides, y0, x0);
  const float b = WarpSource(t, in, strides, y0, x1);
  const float top = a + (b - a) * wx;
  const float c = WarpSource(t, in, strides, y1, x0);
  const float d = WarpSource(t, in, strides, y1, x1);
  const float bottom = c + (d - c) * wx;
  return top + (bottom - top) * wy;
}

// Where a rotated pixel comes from, in stage pixels.
struct WarpPoint {
  float x, y;
};
PHOSPHENE_HD inline WarpPoint WarpRotated(const WarpTables& t, int32_t y,
                                          int32_t x) {
  const int32_t m = t.layout().matrix;
  const float fx = static_cast<float>(x), fy = static_cast<float>(y);
  return {(t.Float(m, 0) * fx + t.Float(m, 1) * fy) + t.Float(m, 2),
          (t.Float(m, 3) * fx + t.Float(m, 4) * fy) + t.Float(m, 5)};
}

// Half away from zero, of a value above -0.5.
PHOSPHENE_HD inline int32_t WarpRound(float value) {
  const int32_t whole = static_cast<int32_t>(value);
  return whole + (value - static_cast<float>(whole) >= 0.5f ? 1 : 0);
}

// Index of the stage pixel nearest to a point, or -1 outside.
PHOSPHENE_HD inline int32_t WarpNearest(const WarpShape& s,
                                        const WarpPoint& p) {
  const bool inside =
      p.x > -0.5f && p.x < static_cast<float>(s.stage_width) - 0.5f &&
      p.y > -0.5f && p.y < static_cast<float>(s.stage_height) - 0.5f;
  return inside ? WarpRound(p.y) * s.stage_width + WarpRound(p.x) : -1;
}

// The four stage pixels about a point: index (-1 outside) and weight.
struct WarpTaps {
  int32_t at[4];
  float weight[4];
};
PHOSPHENE_HD inline WarpTaps WarpCorners(const WarpShape& s,
                                         const WarpPoint& p) {
  const float x0 = floorf(p.x), y0 = floorf(p.y);
  const float wx = p.x - x0, wy = p.y - y0;
  WarpTaps taps;
  taps.weight[0] = (1 - wx) * (1 - wy);
  taps.weight[1] = wx * (1 - wy);
  taps.weight[2] = (1 - wx) * wy;
  taps.weight[3] = wx * wy;
  for (int k = 0; k < 4; ++k) {
    const int64_t x = static_cast<int64_t>(x0) + (k & 1);
    const int64_t y = static_cast<int64_t>(y0) + (k >> 1);
    const bool inside =
        x >= 0 && x < s.stage_width && y >= 0 && y < s.stage_height;
    taps.at[k] = inside ? static_cast<int32_t>(y * s.stage_width + x) : -1;
  }
  return taps;
}

// Output pixel (i, j).
PHOSPHENE_HD inline float WarpPixel(const WarpTables& t, const float* in,
                                    const PlaneStrides& strides, int32_t i,
                                    int32_t j) {
  const WarpLayout& l = t.layout();
  const WarpShape& s = l.shape;
  if (s.taps == 0) return WarpStage(t, in, strides, i, j);
  const int32_t y = t.Int(l.back_y, i), x = t.Int(l.back_x, j);
  if (y < 0 || x < 0) return t.Fill(y < x ? y : x);
  const WarpPoint point = WarpRotated(t, y, x);
  const auto value = [&](int32_t index) {
    if (index < 0) return t.Fill(t.Int(l.outside, 0));
    return WarpStage(t, in, strides, index / s.stage_width,
                     index % s.stage_width);
  };
  if (s.taps == 1) return value(WarpNearest(s, point));
  const WarpTaps taps = WarpCorners(s, point);
  float sum = 0;
  for (int k = 0; k < 4; ++k) sum += taps.weight[k] * value(taps.at[k]);
  return sum;
}

// Sum of the gradient over the output pixels that show rotated pixel (y, x),
// each times `weight`, added to `sum`.
PHOSPHENE_HD inline float WarpAddShown(const WarpTables& t, const float* grad,
                                       const PlaneStrides& strides, int32_t y,
                                       int32_t x, float weight, float sum) {
  const WarpLayout& l = t.layout();
  for (int32_t a = t.Int(l.shown_rows_begin, y);
       a < t.Int(l.shown_rows_begin, y + 1); ++a) {
    for (int32_t b = t.Int(l.shown_columns_begin, x);
         b < t.Int(l.shown_columns_begin, x + 1); ++b) {
      sum += weight * grad[t.Int(l.shown_rows_at, a) * strides.row +
                           t.Int(l.shown_columns_at, b) * strides.pixel];
    }
  }
  return sum;
}

// Gradient of stage pixel (i, j): REQUIRES taps > 0. A gather: only rotated
// pixels whose source lies within the reach of the sampling are looked at, each
// by the formula of the way forward, in the order of their rows and columns.
PHOSPHENE_HD inline float WarpStageGradient(const WarpTables& t,
                                            const float* grad,
                                            const PlaneStrides& strides,
                                            int32_t i, int32_t j) {
  const WarpShape& s = t.shape();
  const int32_t m = t.layout().matrix, here = i * s.stage_width + j;
  const float c = t.Float(m, 0), sine = t.Float(m, 3);
  const float dx = static_cast<float>(j) - t.Float(m, 2);
  const float dy = static_cast<float>(i) - t.Float(m, 5);
  const float x_mid = c * dx + sine * dy, y_mid = c * dy - sine * dx;
  // A pixel reaches half a side (one side, bilinear) along both axes, at most
  // sqrt(2) times that when turned; a little more covers rounding.
  const float reach = s.taps == 1 ? 0.76f : 1.47f;
  const auto first = [reach](float mid) {
    const float at = ceilf(mid - reach);
    return at > 0 ? static_cast<int32_t>(at) : 0;
  };
  const auto last = [reach](float mid, int32_t size) {
    const float at = floorf(mid + reach);
    return at < static_cast<float>(size - 1) ? static_cast<int32_t>(at)
                                             : size - 1;
  };
  float sum = 0;
  for (int32_t y = first(y_mid); y <= last(y_mid, s.stage_height); ++y) {
    for (int32_t x = first(x_mid); x <= last(x_mid, s.stage_width); ++x) {
      const WarpPoint point = WarpRotated(t, y, x);
      if (s.taps == 1) {
        if (WarpNearest(s, point) == here) {
          sum = WarpAddShown(t, grad, strides, y, x, 1.0f, sum);
        }
        continue;
      }
      const WarpTaps taps = WarpCorners(s, point);
      for (int k = 0; k < 4; ++k) {
        if (taps.at[k] != here) continue;
        sum = WarpAddShown(t, grad, strides, y, x, taps.weight[k], sum);
      }
    }
  }
  return sum;
}

// Gradient of input pixel (r, c) from that of the stage image (of the output
// without a rotation).
PHOSPHENE_HD inline float WarpInputGradient(const WarpTables& t,
                                            const float* stage,
                                            const PlaneStrides& strides,
                                            int32_t r, int32_t c) {
  const WarpLayout& l = t.layout();
  float sum = 0;
  for (int32_t b = t.Int(l.columns_begin, c); b < t.Int(l.columns_begin, c + 1);
       ++b) {
    const int64_t column = t.Int(l.columns_at, b) * strides.pixel;
    float part = 0;
    for (int32_t a = t.Int(l.rows_begin, r); a < t.Int(l.rows_begin, r + 1);
         ++a) {
      part += t.Float(l.rows_weight, a) *
              stage[t.Int(l.rows_at, a) * strides.row + column];
    }
    sum += t.Float(l.columns_weight, b) * part;
  }
  return sum;
}

}  // namespace phosphene
