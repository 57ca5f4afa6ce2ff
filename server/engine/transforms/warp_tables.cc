// Packs a pass of a warp into the block of words that device kernels read.

#include <algorithm>
#include <cstring>

#include "server/engine/transforms/warp.h"

namespace phosphene {
namespace {

int32_t Bits(float value) {
  int32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

// A transpose being packed: counts first, then entries in the order given.
class Transposer {
 public:
  Transposer(int32_t* begin, int64_t size)
      : begin_(begin), next_(static_cast<size_t>(size) + 1, 0) {}
  void Count(int32_t source) { ++next_[source + 1]; }
  void Counted() {
    for (size_t k = 1; k < next_.size(); ++k) next_[k] += next_[k - 1];
    std::copy(next_.begin(), next_.end(), begin_);
  }
  // Where the next entry of `source` goes.
  int32_t Place(int32_t source) { return next_[source]++; }

 private:
  int32_t* begin_;
  std::vector<int32_t> next_;
};

// Positions of `index` that show each of 0..size-1.
void PackShown(const std::vector<int32_t>& index, int64_t size, int32_t* begin,
               int32_t* at) {
  Transposer transposer(begin, size);
  for (const int32_t source : index) {
    if (source >= 0) transposer.Count(source);
  }
  transposer.Counted();
  for (size_t i = 0; i < index.size(); ++i) {
    if (index[i] >= 0) at[transposer.Place(index[i])] = static_cast<int32_t>(i);
  }
}

// Calls fn(source, position, weight) for each part of each position.
template <typename Axis, typename Fn>
void ForEachPart(const Axis& axis, bool bilinear, const Fn& fn) {
  for (size_t i = 0; i < axis.i0.size(); ++i) {
    const auto at = static_cast<int32_t>(i);
    if (axis.i0[i] >= 0) fn(axis.i0[i], at, bilinear ? 1.0f - axis.w[i] : 1.0f);
    if (bilinear && axis.i1[i] >= 0 && axis.w[i] != 0)
      fn(axis.i1[i], at, axis.w[i]);
  }
}

template <typename Axis>
void PackTranspose(const Axis& axis, bool bilinear, int64_t size,
                   int32_t* begin, int32_t* at, int32_t* weight) {
  Transposer transposer(begin, size);
  ForEachPart(axis, bilinear, [&](int32_t source, int32_t, float) {
    transposer.Count(source);
  });
  transposer.Counted();
  ForEachPart(axis, bilinear, [&](int32_t source, int32_t position, float w) {
    const int32_t place = transposer.Place(source);
    at[place] = position;
    weight[place] = Bits(w);
  });
}

}  // namespace

WarpLayout WarpSegment::Layout() const {
  WarpShape s;
  s.in_height = static_cast<int32_t>(in_height_);
  s.in_width = static_cast<int32_t>(in_width_);
  s.stage_height = static_cast<int32_t>(y_.i0.size());
  s.stage_width = static_cast<int32_t>(x_.i0.size());
  s.out_height = static_cast<int32_t>(height());
  s.out_width = static_cast<int32_t>(width());
  s.fill_count = static_cast<int32_t>(fills_.size());
  s.bilinear = bilinear_ ? 1 : 0;
  s.taps = !rotated_ ? 0 : smooth_ ? 4 : 1;
  return LayOut(s);
}

void WarpSegment::PackAxis(const Axis& axis, int32_t i0, int32_t i1, int32_t w,
                           int32_t* words) {
  std::copy(axis.i0.begin(), axis.i0.end(), words + i0);
  std::copy(axis.i1.begin(), axis.i1.end(), words + i1);
  std::transform(axis.w.begin(), axis.w.end(), words + w, Bits);
}

void WarpSegment::Pack(const WarpLayout& l, int32_t* words) const {
  const float matrix[6] = {rotation_.c, -rotation_.s, rotation_.x_offset,
                           rotation_.s, rotation_.c,  rotation_.y_offset};
  std::transform(matrix, matrix + 6, words + l.matrix, Bits);
  words[l.outside] = outside_;
  std::transform(fills_.begin(), fills_.end(), words + l.fills, Bits);
  PackAxis(y_, l.y0, l.y1, l.wy, words);
  PackAxis(x_, l.x0, l.x1, l.wx, words);
  PackTranspose(y_, bilinear_, in_height_, words + l.rows_begin,
                words + l.rows_at, words + l.rows_weight);
  PackTranspose(x_, bilinear_, in_width_, words + l.columns_begin,
                words + l.columns_at, words + l.columns_weight);
  if (!rotated_) return;
  std::copy(back_y_.begin(), back_y_.end(), words + l.back_y);
  std::copy(back_x_.begin(), back_x_.end(), words + l.back_x);
  PackShown(back_y_, l.shape.stage_height, words + l.shown_rows_begin,
            words + l.shown_rows_at);
  PackShown(back_x_, l.shape.stage_width, words + l.shown_columns_begin,
            words + l.shown_columns_at);
}

}  // namespace phosphene
