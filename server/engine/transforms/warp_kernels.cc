// The loops of a warp over one plane, forward and backward.

#include "server/engine/transforms/warp_kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace phosphene {
namespace {

// Source row `r` (or fill -1-r) with the fills behind it, so that column
// tables need no branch: index width + k holds what column fill k shows there.
void LoadRow(const WarpParams& p, const float* in, int32_t r, float* row) {
  const int64_t width = p.in.width;
  if (r < 0) {
    const int64_t k = -1 - r;
    std::fill(row, row + width, p.fills[k]);
    for (int64_t f = 0; f < p.fill_count; ++f)
      row[width + f] = p.fills[std::max(f, k)];
    return;
  }
  const float* source = in + r * p.in.row_stride;
  if (p.in.pixel_stride == 1) {
    std::memcpy(row, source, width * sizeof(float));
  } else {
    const int64_t stride = p.in.pixel_stride;
    for (int64_t x = 0; x < width; ++x) row[x] = source[x * stride];
  }
  for (int64_t f = 0; f < p.fill_count; ++f) row[width + f] = p.fills[f];
}

inline int64_t Place(int32_t index, int64_t width) {
  return index >= 0 ? index : width - 1 - index;
}

// A row through the column tables: copied, or blended left + (right - left) w.
void StageRow(const WarpParams& p, const float* __restrict row,
              float* __restrict out) {
  const int64_t width = p.in.width;
  if (!p.bilinear) {
    for (int64_t j = 0; j < p.width; ++j) out[j] = row[Place(p.x0[j], width)];
    return;
  }
  for (int64_t j = 0; j < p.width; ++j) {
    const float left = row[Place(p.x0[j], width)];
    const float right = row[Place(p.x1[j], width)];
    out[j] = left + (right - left) * p.wx[j];
  }
}

// The two last stage rows made, by source row: neighbours share them.
class RowCache {
 public:
  RowCache(const WarpParams& params, const float* in, float* memory)
      : p_(params), in_(in), row_(memory) {
    slot_[0] = memory + params.in.width + params.fill_count;
    slot_[1] = slot_[0] + params.width;
  }
  const float* Get(int32_t r) {
    for (int s = 0; s < 2; ++s) {
      if (filled_[s] && source_[s] == r) {
        newest_ = s;
        return slot_[s];
      }
    }
    newest_ = 1 - newest_;
    LoadRow(p_, in_, r, row_);
    StageRow(p_, row_, slot_[newest_]);
    filled_[newest_] = true;
    source_[newest_] = r;
    return slot_[newest_];
  }

 private:
  const WarpParams& p_;
  const float* in_;
  float* row_;
  float* slot_[2];
  bool filled_[2] = {false, false};
  int32_t source_[2] = {0, 0};
  int newest_ = 1;
};

// The same along the other axis.
void BlendRows(const float* __restrict top, const float* __restrict bottom,
               float weight, int64_t count, float* __restrict out) {
  for (int64_t j = 0; j < count; ++j)
    out[j] = top[j] + (bottom[j] - top[j]) * weight;
}

// A stage row to line y of a plane of any strides.
void StoreRow(const WarpPlane& plane, const float* row, int64_t y, float* out) {
  float* target = out + y * plane.row_stride;
  for (int64_t j = 0; j < plane.width; ++j)
    target[j * plane.pixel_stride] = row[j];
}

// The rotation: each output pixel picks one stage pixel, or blends four.
void PickForward(const WarpParams& p, const float* stage, float* out) {
  const auto value = [&](int32_t m) {
    return m >= 0 ? stage[m] : p.fills[-1 - m];
  };
  for (int64_t y = 0; y < p.out.height; ++y) {
    float* target = out + y * p.out.row_stride;
    const int32_t* pick = p.pick + y * p.out.width * p.taps;
    if (p.taps == 1) {
      for (int64_t j = 0; j < p.out.width; ++j)
        target[j * p.out.pixel_stride] = value(pick[j]);
      continue;
    }
    const float* weight = p.pick_weight + y * p.out.width * 4;
    for (int64_t j = 0; j < p.out.width; ++j) {
      float sum = 0;
      for (int t = 0; t < 4; ++t)
        sum += weight[4 * j + t] * value(pick[4 * j + t]);
      target[j * p.out.pixel_stride] = sum;
    }
  }
}

// Its transpose: gradients go to the stage pixels they were picked from.
void PickBackward(const WarpParams& p, const float* grad_out, float* stage) {
  std::fill(stage, stage + p.height * p.width, 0.0f);
  for (int64_t y = 0; y < p.out.height; ++y) {
    const float* grad = grad_out + y * p.out.row_stride;
    const int32_t* pick = p.pick + y * p.out.width * p.taps;
    if (p.taps == 1) {
      for (int64_t j = 0; j < p.out.width; ++j) {
        if (pick[j] >= 0) stage[pick[j]] += grad[j * p.out.pixel_stride];
      }
      continue;
    }
    const float* weight = p.pick_weight + y * p.out.width * 4;
    for (int64_t j = 0; j < p.out.width; ++j) {
      for (int t = 0; t < 4; ++t) {
        const int32_t m = pick[4 * j + t];
        if (m >= 0)
          stage[m] += weight[4 * j + t] * grad[j * p.out.pixel_stride];
      }
    }
  }
}

void AddScaled(const float* __restrict row, float weight, int64_t count,
               float* __restrict sum) {
  for (int64_t j = 0; j < count; ++j) sum[j] += weight * row[j];
}

// grad_in row = transpose of the columns' table applied to `row`.
void UnstageRow(const WarpTranspose& columns, const float* __restrict row,
                float* __restrict out) {
  for (int64_t x = 0; x < columns.size; ++x) out[x] = 0;
  for (int64_t t = 0; t < columns.count; ++t) {
    const int32_t* target = columns.target + t * columns.size;
    const float* weight = columns.weight + t * columns.size;
    for (int64_t x = 0; x < columns.size; ++x)
      out[x] += weight[x] * row[target[x]];
  }
}

}  // namespace

int64_t WarpScratchSize(const WarpParams& p) {
  return p.height * p.width + 3 * p.width + p.in.width + p.fill_count;
}

void WarpForward(const WarpParams& p, const float* in, float* out,
                 float* scratch) {
  float* stage = scratch;
  RowCache rows(p, in, scratch + p.height * p.width);
  for (int64_t i = 0; i < p.height; ++i) {
    float* row = stage + i * p.width;
    if (p.bilinear) {
      const float* top = rows.Get(p.y0[i]);
      BlendRows(top, rows.Get(p.y1[i]), p.wy[i], p.width, row);
    } else {
      std::memcpy(row, rows.Get(p.y0[i]), p.width * sizeof(float));
    }
    if (p.taps == 0) StoreRow(p.out, row, i, out);
  }
  if (p.taps > 0) PickForward(p, stage, out);
}

void WarpBackward(const WarpParams& p, const WarpTranspose& rows,
                  const WarpTranspose& columns, const float* grad_out,
                  float* grad_in, float* scratch) {
  float* stage = scratch;
  if (p.taps > 0) {
    PickBackward(p, grad_out, stage);
  } else {
    for (int64_t i = 0; i < p.height; ++i) {
      const float* grad = grad_out + i * p.out.row_stride;
      for (int64_t j = 0; j < p.width; ++j)
        stage[i * p.width + j] = grad[j * p.out.pixel_stride];
    }
  }
  float* sum = scratch + p.height * p.width;
  float* row = sum + p.width;
  for (int64_t r = 0; r < rows.size; ++r) {
    std::fill(sum, sum + p.width, 0.0f);
    for (int64_t t = 0; t < rows.count; ++t) {
      const float weight = rows.weight[t * rows.size + r];
      if (weight != 0)
        AddScaled(stage + rows.target[t * rows.size + r] * p.width, weight,
                  p.width, sum);
    }
    UnstageRow(columns, sum, row);
    float* target = grad_in + r * p.in.row_stride;
    for (int64_t x = 0; x < p.in.width; ++x)
      target[x * p.in.pixel_stride] = row[x];
  }
}

namespace {

// std::round (half away from zero) of a value above -0.5.
inline int32_t RoundUpHalf(float value) {
  const int32_t whole = static_cast<int32_t>(value);
  return whole + (value - static_cast<float>(whole) >= 0.5f ? 1 : 0);
}

}  // namespace

void RotateNearestRow(const WarpRotation& r, int32_t y,
                      const int32_t* __restrict columns, int64_t count,
                      int32_t outside, int32_t* __restrict pick) {
  const float last_x = static_cast<float>(r.width) - 0.5f;
  const float last_y = static_cast<float>(r.height) - 0.5f;
  const float fy = static_cast<float>(y);
  const int32_t width = static_cast<int32_t>(r.width);
  for (int64_t j = 0; j < count; ++j) {
    const float fx = static_cast<float>(columns[j]);
    const float x_in = (r.c * fx + -r.s * fy) + r.x_offset;
    const float y_in = (r.s * fx + r.c * fy) + r.y_offset;
    const bool inside =
        (x_in > -0.5f) & (x_in < last_x) & (y_in > -0.5f) & (y_in < last_y);
    const float x_safe = inside ? x_in : 0.0f;
    const float y_safe = inside ? y_in : 0.0f;
    const int32_t index = RoundUpHalf(y_safe) * width + RoundUpHalf(x_safe);
    pick[j] = columns[j] < 0 ? columns[j] : inside ? index : outside;
  }
}

void RotateBilinearRow(const WarpRotation& r, int32_t y, const int32_t* columns,
                       int64_t count, int32_t outside, int32_t* pick,
                       float* weight) {
  const float fy = static_cast<float>(y);
  for (int64_t j = 0; j < count; ++j) {
    int32_t* taps = pick + 4 * j;
    float* w = weight + 4 * j;
    if (columns[j] < 0) {
      std::fill(taps, taps + 4, columns[j]);
      w[0] = 1;
      w[1] = w[2] = w[3] = 0;
      continue;
    }
    const float fx = static_cast<float>(columns[j]);
    const float x_in = (r.c * fx + -r.s * fy) + r.x_offset;
    const float y_in = (r.s * fx + r.c * fy) + r.y_offset;
    const float x0 = std::floor(x_in), y0 = std::floor(y_in);
    const float wx = x_in - x0, wy = y_in - y0;
    const float corner[4] = {(1 - wx) * (1 - wy), wx * (1 - wy), (1 - wx) * wy,
                             wx * wy};
    for (int t = 0; t < 4; ++t) {
      const int64_t x = static_cast<int64_t>(x0) + (t & 1),
                    yy = static_cast<int64_t>(y0) + (t >> 1);
      const bool inside = x >= 0 && x < r.width && yy >= 0 && yy < r.height;
      taps[t] = inside ? static_cast<int32_t>(yy * r.width + x) : outside;
      w[t] = corner[t];
    }
  }
}

}  // namespace phosphene
