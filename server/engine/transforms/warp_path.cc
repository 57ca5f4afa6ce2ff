// Composes moves of pixels into few passes.

#include "server/engine/transforms/warp.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace phosphene {
namespace {

// 0, 1, ..., size - 1.
std::vector<int32_t> Identity(int64_t size) {
  std::vector<int32_t> out(size);
  std::iota(out.begin(), out.end(), 0);
  return out;
}

}  // namespace

std::vector<int32_t> WarpRange(int64_t begin, int64_t count, int64_t size) {
  std::vector<int32_t> out(count);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t at = begin + i;
    out[i] = at >= 0 && at < size ? static_cast<int32_t>(at) : -1;
  }
  return out;
}

WarpSegment::WarpSegment(int64_t height, int64_t width)
    : in_height_(height),
      in_width_(width),
      back_y_(Identity(height)),
      back_x_(Identity(width)) {
  y_ = {back_y_, back_y_, std::vector<float>(height, 0.0f)};
  x_ = {back_x_, back_x_, std::vector<float>(width, 0.0f)};
}

// The axis seen through `index`; negative entries become fill `code`.
WarpSegment::Axis WarpSegment::Compose(const Axis& axis,
                                       const std::vector<int32_t>& index,
                                       int32_t code) {
  const size_t n = index.size();
  Axis out{std::vector<int32_t>(n, code), std::vector<int32_t>(n, code),
           std::vector<float>(n, 0)};
  for (size_t i = 0; i < n; ++i) {
    if (index[i] < 0) continue;
    out.i0[i] = axis.i0[index[i]];
    out.i1[i] = axis.i1[index[i]];
    out.w[i] = axis.w[index[i]];
  }
  return out;
}

// Bilinear from in to `size` positions: i reads i * in / size.
// REQUIRES: the axis has no weights yet.
WarpSegment::Axis WarpSegment::Stretch(const Axis& axis, int64_t size) {
  const int64_t in = static_cast<int64_t>(axis.i0.size());
  const float scale = static_cast<float>(in) / static_cast<float>(size);
  Axis out{std::vector<int32_t>(size), std::vector<int32_t>(size),
           std::vector<float>(size)};
  for (int64_t i = 0; i < size; ++i) {
    const float at = static_cast<float>(i) * scale;
    const int64_t lower = std::min(static_cast<int64_t>(at), in - 1);
    out.i0[i] = axis.i0[lower];
    out.i1[i] = axis.i0[std::min(lower + 1, in - 1)];
    out.w[i] = at - static_cast<float>(lower);
  }
  return out;
}

// Before a rotation moves are composed into the axes; after it, into what the
// rotated picture shows.
void WarpSegment::Index(const std::vector<int32_t>& rows,
                        const std::vector<int32_t>& columns, float fill) {
  const int32_t code = -1 - static_cast<int32_t>(fills_.size());
  fills_.push_back(fill);
  if (!rotated_) {
    y_ = Compose(y_, rows, code);
    x_ = Compose(x_, columns, code);
    back_y_ = Identity(static_cast<int64_t>(rows.size()));
    back_x_ = Identity(static_cast<int64_t>(columns.size()));
    return;
  }
  const auto through = [code](const std::vector<int32_t>& old,
                              const std::vector<int32_t>& index) {
    std::vector<int32_t> out(index.size(), code);
    for (size_t i = 0; i < index.size(); ++i) {
      if (index[i] >= 0) out[i] = old[index[i]];
    }
    return out;
  };
  back_y_ = through(back_y_, rows);
  back_x_ = through(back_x_, columns);
}

void WarpSegment::Resize(int64_t height, int64_t width) {
  y_ = Stretch(y_, height);
  x_ = Stretch(x_, width);
  bilinear_ = true;
  back_y_ = Identity(height);
  back_x_ = Identity(width);
}

// Offsets as in TensorFlow's angles_to_projective_transforms, in f32.
void WarpSegment::Rotate(double radians, bool bilinear) {
  const float angle = static_cast<float>(radians);
  const float h = static_cast<float>(height() - 1),
              w = static_cast<float>(width() - 1);
  rotation_.c = std::cos(angle);
  rotation_.s = std::sin(angle);
  rotation_.x_offset = (w - (rotation_.c * w - rotation_.s * h)) / 2.0f;
  rotation_.y_offset = (h - (rotation_.s * w + rotation_.c * h)) / 2.0f;
  rotation_.height = height();
  rotation_.width = width();
  rotated_ = true;
  smooth_ = bilinear;
  outside_ = -1 - static_cast<int32_t>(fills_.size());
  fills_.push_back(0.0f);
}

// Which stage pixel each output pixel shows, moves after the rotation included.
void WarpSegment::MakePick() {
  const int64_t h = height(), w = width();
  const int taps = smooth_ ? 4 : 1;
  pick_.resize(h * w * taps);
  if (smooth_) pick_weight_.assign(pick_.size(), 0.0f);
  for (int64_t i = 0; i < h; ++i) {
    int32_t* row = pick_.data() + i * w * taps;
    float* weight = smooth_ ? pick_weight_.data() + i * w * taps : nullptr;
    if (back_y_[i] < 0) {
      // The later fill wins, as everywhere.
      for (int64_t j = 0; j < w * taps; ++j)
        row[j] = std::min(back_y_[i], back_x_[j / taps]);
      for (int64_t j = 0; smooth_ && j < w; ++j) weight[4 * j] = 1.0f;
    } else if (smooth_) {
      RotateBilinearRow(rotation_, back_y_[i], back_x_.data(), w, outside_, row,
                        weight);
    } else {
      RotateNearestRow(rotation_, back_y_[i], back_x_.data(), w, outside_, row);
    }
  }
}

// For each source index the stage positions that read it. Slots are filled in
// the order of positions, so that sums round alike on every device.
WarpSegment::Transpose WarpSegment::Transposed(const Axis& axis,
                                               int64_t size) const {
  // Calls fn(source index, stage position, weight) for each contribution.
  const auto visit = [&](const auto& fn) {
    for (size_t i = 0; i < axis.i0.size(); ++i) {
      const int32_t at = static_cast<int32_t>(i);
      if (axis.i0[i] >= 0)
        fn(axis.i0[i], at, bilinear_ ? 1.0f - axis.w[i] : 1.0f);
      if (bilinear_ && axis.i1[i] >= 0 && axis.w[i] != 0) {
        fn(axis.i1[i], at, axis.w[i]);
      }
    }
  };
  std::vector<int64_t> used(size, 0);
  Transpose out;
  visit([&](int32_t source, int32_t, float) {
    out.count = std::max(out.count, ++used[source]);
  });
  out.target.assign(out.count * size, 0);
  out.weight.assign(out.count * size, 0.0f);
  std::fill(used.begin(), used.end(), 0);
  visit([&](int32_t source, int32_t at, float weight) {
    const int64_t slot = used[source]++ * size + source;
    out.target[slot] = at;
    out.weight[slot] = weight;
  });
  return out;
}

void WarpSegment::Finish() {
  if (rotated_) MakePick();
  zeros_.assign(fills_.size(), 0.0f);
  rows_ = Transposed(y_, in_height_);
  columns_ = Transposed(x_, in_width_);
}

WarpParams WarpSegment::Params(bool transparent) const {
  WarpParams p;
  p.in.height = in_height_;
  p.in.width = in_width_;
  p.out.height = height();
  p.out.width = width();
  p.height = static_cast<int64_t>(y_.i0.size());
  p.width = static_cast<int64_t>(x_.i0.size());
  p.bilinear = bilinear_;
  p.y0 = y_.i0.data();
  p.y1 = y_.i1.data();
  p.wy = y_.w.data();
  p.x0 = x_.i0.data();
  p.x1 = x_.i1.data();
  p.wx = x_.w.data();
  p.fills = transparent ? zeros_.data() : fills_.data();
  p.fill_count = static_cast<int64_t>(fills_.size());
  p.taps = !rotated_ ? 0 : smooth_ ? 4 : 1;
  p.pick = pick_.data();
  p.pick_weight = pick_weight_.data();
  return p;
}

void WarpPath::Index(const std::vector<int32_t>& rows,
                     const std::vector<int32_t>& columns, float fill) {
  segments_.back().Index(rows, columns, fill);
}

void WarpPath::Resize(int64_t height, int64_t width) {
  if (!segments_.back().CanResize())
    segments_.emplace_back(this->height(), this->width());
  segments_.back().Resize(height, width);
}

void WarpPath::Rotate(double radians, bool bilinear) {
  if (!segments_.back().CanRotate()) segments_.emplace_back(height(), width());
  segments_.back().Rotate(radians, bilinear);
}

}  // namespace phosphene
