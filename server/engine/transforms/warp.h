#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "server/engine/cuda/warp_math.h"
#include "server/engine/tensor/torch_pch.h"
#include "server/engine/transforms/interface.h"
#include "server/engine/transforms/warp_kernels.h"

namespace phosphene {

// One pass of a warp: separable steps, at most one bilinear resize among them,
// then at most one rotation, then separable steps (see WarpParams). Built by
// WarpPath.
class WarpSegment {
 public:
  WarpSegment(int64_t height, int64_t width);
  int64_t height() const { return static_cast<int64_t>(back_y_.size()); }
  int64_t width() const { return static_cast<int64_t>(back_x_.size()); }
  int64_t in_height() const { return in_height_; }
  int64_t in_width() const { return in_width_; }

  // Whether the step fits into this pass.
  bool CanResize() const { return !bilinear_ && !rotated_; }
  bool CanRotate() const { return !rotated_; }

  void Index(const std::vector<int32_t>& rows,
             const std::vector<int32_t>& columns, float fill);
  void Resize(int64_t height, int64_t width);
  void Rotate(double radians, bool bilinear);

  // Tables for the kernels, which point into this object. `transparent` turns
  // every fill to 0. Call Finish once before.
  void Finish();
  WarpParams Params(bool transparent) const;
  // Transposes of the separable stage for the backward pass.
  WarpTranspose RowTranspose() const { return rows_.View(in_height_); }
  WarpTranspose ColumnTranspose() const { return columns_.View(in_width_); }

  // The same pass as one block of words, for device kernels (warp_tables.cc);
  // needs no Finish. `words` is [Layout().words], zeroed.
  WarpLayout Layout() const;
  void Pack(const WarpLayout& layout, int32_t* words) const;

 private:
  struct Axis {
    std::vector<int32_t> i0, i1;
    std::vector<float> w;
  };
  struct Transpose {
    int64_t count = 0;
    std::vector<int32_t> target;
    std::vector<float> weight;
    WarpTranspose View(int64_t size) const {
      return {size, count, target.data(), weight.data()};
    }
  };
  static Axis Compose(const Axis& axis, const std::vector<int32_t>& index,
                      int32_t code);
  static Axis Stretch(const Axis& axis, int64_t size);
  Transpose Transposed(const Axis& axis, int64_t size) const;
  void MakePick();
  static void PackAxis(const Axis& axis, int32_t i0, int32_t i1, int32_t w,
                       int32_t* words);

  int64_t in_height_, in_width_;
  Axis y_, x_;  // the separable stage
  bool bilinear_ = false;
  bool rotated_ = false;
  bool smooth_ = false;  // rotation samples bilinearly
  WarpRotation rotation_;
  int32_t outside_ = 0;  // fill code of the rotation
  // Output to rotated image; equal to the separable stage's range (and folded
  // into it) while not rotated.
  std::vector<int32_t> back_y_, back_x_;
  std::vector<float> fills_, zeros_;
  std::vector<int32_t> pick_;
  std::vector<float> pick_weight_;
  Transpose rows_, columns_;
};

// The geometry of a run of neighbouring transforms for one draw: where each
// output pixel comes from. Steps are added in the order they apply; they are
// fused into as few passes as give exactly the values of one pass per step.
class WarpPath {
 public:
  WarpPath(int64_t height, int64_t width) {
    segments_.emplace_back(height, width);
  }

  // Size of the image so far.
  int64_t height() const { return segments_.back().height(); }
  int64_t width() const { return segments_.back().width(); }

  // Output pixel (i, j) shows pixel (rows[i], columns[j]) of the image so far;
  // where an index is negative, `fill`.
  void Index(const std::vector<int32_t>& rows,
             const std::vector<int32_t>& columns, float fill);
  // TF1 bilinear: source = destination * in / out.
  void Resize(int64_t height, int64_t width);
  // About the centre, counter-clockwise, zeros outside; nearest or bilinear.
  void Rotate(double radians, bool bilinear);

  std::vector<WarpSegment>& segments() { return segments_; }
  const std::vector<WarpSegment>& segments() const { return segments_; }

 private:
  std::vector<WarpSegment> segments_;
};

// begin, begin+1, ...: `count` of them; those outside 0..size-1 are -1.
std::vector<int32_t> WarpRange(int64_t begin, int64_t count, int64_t size);

// Applies one path to all images of a batch, or a path per row; all of equal
// shape. [N,C,H,W] f32 -> [N,C,h,w] in the memory format of `image`,
// differentiable. Fills are 0 in the fourth channel of a four-channel image
// (its border is transparent) and everywhere when `is_alpha`. Images on the CPU
// take the kernels of warp_kernels.h; with a feed, and on a GPU, the tables go
// to the device and its kernels read them (warp_device.h).
at::Tensor RunWarp(const at::Tensor& image, std::vector<WarpPath> paths,
                   bool is_alpha = false, StepFeed* feed = nullptr);

// A transform that only moves pixels. Neighbours in a chain fuse.
class WarpTransform : public ImageTransform {
 public:
  explicit WarpTransform(bool per_row) : per_row_(per_row) {}
  // Adds what this transform does to row `row` to `path`: the same steps
  // whatever is drawn, with other numbers. Rows of a batch go through passes of
  // one shape, and a recorded step through those it was recorded with.
  virtual void Extend(const TransformDraw& draw, int64_t row,
                      WarpPath* path) const = 0;
  // Draws are anew for each row.
  bool per_row() const { return per_row_; }

  at::Tensor Apply(const at::Tensor& image, const TransformDraw& draw) final;
  at::Tensor ApplyAlpha(const at::Tensor& alpha,
                        const TransformDraw& draw) final;

 protected:
  // Where row `row` takes its randomness from.
  Rng RowRng(const TransformDraw& draw, int64_t row) const {
    return draw.rng(per_row_ ? row : 0);
  }

 private:
  bool per_row_;
};

// A transform and its draw, for RunWarps.
struct WarpStep {
  const WarpTransform* transform;
  TransformDraw draw;
};

// Applies the steps in order, fused.
at::Tensor RunWarps(const at::Tensor& image, const std::vector<WarpStep>& steps,
                    bool is_alpha = false);

}  // namespace phosphene
