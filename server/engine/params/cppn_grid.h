#pragma once

#include <cstdint>
#include <vector>

#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// What a CPPN sees of the pixels of an image: features of x alone, then of y
// alone. A grid of another size covers the same picture, pixel areas onto pixel
// areas, so that a render of another size agrees with the canvas after
// resizing. Thread-compatible.
class CppnGrid {
 public:
  // x, y: on the larger side of the canvas linspace(-sqrt 3, sqrt 3, side),
  // whose spread is 1; the same spacing, centred, on the other.
  static CppnGrid Plane(int64_t height, int64_t width, int64_t canvas_height,
                        int64_t canvas_width);
  // [sin x, cos x, sin y, cos y] with x, y over a turn from the canvas' first
  // pixel on, shifted by offsets in turns: the picture tiles without a seam.
  static CppnGrid Torus(int64_t height, int64_t width, int64_t canvas_height,
                        int64_t canvas_width, double offset_x, double offset_y);

  int64_t inputs() const { return static_cast<int64_t>(x_.size() + y_.size()); }
  int64_t pixels() const { return height_ * width_; }
  // Features of pixels begin..end-1, row by row: [inputs, end-begin] f32, CPU.
  at::Tensor Features(int64_t begin, int64_t end) const;

 private:
  CppnGrid(int64_t height, int64_t width) : height_(height), width_(width) {}

  int64_t height_;
  int64_t width_;
  std::vector<std::vector<float>> x_;  // each [width]
  std::vector<std::vector<float>> y_;  // each [height]
};

}  // namespace phosphene
