// Coordinates a CPPN looks at: a plane, or a torus that tiles.
#include "server/engine/params/cppn_grid.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace phosphene {
namespace {

// Where the centre of pixel `k` of `size` lies on a canvas of `canvas` pixels,
// in canvas pixels: exactly k when the sizes agree.
double CanvasPosition(int64_t k, int64_t size, int64_t canvas) {
  return (static_cast<double>(k) + .5) * static_cast<double>(canvas) /
             static_cast<double>(size) -
         .5;
}

std::vector<float> PlaneAxis(int64_t size, int64_t canvas, double spacing) {
  std::vector<float> axis;
  const double centre = static_cast<double>(canvas - 1) / 2;
  for (int64_t k = 0; k < size; ++k) {
    axis.push_back(static_cast<float>(
        (CanvasPosition(k, size, canvas) - centre) * spacing));
  }
  return axis;
}

std::vector<std::vector<float>> TorusAxis(int64_t size, int64_t canvas,
                                          double offset) {
  std::vector<std::vector<float>> axis(2);
  for (int64_t k = 0; k < size; ++k) {
    const double turn =
        CanvasPosition(k, size, canvas) / static_cast<double>(canvas) + offset;
    axis[0].push_back(
        static_cast<float>(std::sin(2 * std::numbers::pi * turn)));
    axis[1].push_back(
        static_cast<float>(std::cos(2 * std::numbers::pi * turn)));
  }
  return axis;
}

}  // namespace

CppnGrid CppnGrid::Plane(int64_t height, int64_t width, int64_t canvas_height,
                         int64_t canvas_width) {
  CppnGrid grid(height, width);
  const int64_t longest = std::max(canvas_height, canvas_width);
  const double spacing = 2 * std::numbers::sqrt3 /
                         static_cast<double>(std::max<int64_t>(longest - 1, 1));
  grid.x_ = {PlaneAxis(width, canvas_width, spacing)};
  grid.y_ = {PlaneAxis(height, canvas_height, spacing)};
  return grid;
}

CppnGrid CppnGrid::Torus(int64_t height, int64_t width, int64_t canvas_height,
                         int64_t canvas_width, double offset_x,
                         double offset_y) {
  CppnGrid grid(height, width);
  grid.x_ = TorusAxis(width, canvas_width, offset_x);
  grid.y_ = TorusAxis(height, canvas_height, offset_y);
  return grid;
}

at::Tensor CppnGrid::Features(int64_t begin, int64_t end) const {
  at::Tensor features = at::empty({inputs(), end - begin}, at::kFloat);
  float* out = features.data_ptr<float>();
  for (const std::vector<float>& axis : x_) {
    int64_t column = begin % width_;
    for (int64_t k = begin; k < end; ++k) {
      *out++ = axis[column];
      if (++column == width_) column = 0;
    }
  }
  for (const std::vector<float>& axis : y_) {
    for (int64_t k = begin; k < end; ++k) *out++ = axis[k / width_];
  }
  return features;
}

}  // namespace phosphene
