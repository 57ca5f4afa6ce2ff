#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include "server/meshes/mesh.h"

namespace phosphene {

// Exact rasterization of triangles in an atlas. Corners lie on a grid of 1/256
// texel, so edges are whole numbers and every texel centre on an edge that two
// triangles share belongs to one of them.
struct UvTriangle {
  static constexpr int64_t kSteps = 256;              // of a texel
  static constexpr double kMaxTexel = 1LL << 21;      // coordinates stay below
  std::array<std::array<int64_t, 2>, 3> corner = {};  // steps
};

// Corners in texels, texel (x, y) having its centre at (x + .5, y + .5). What
// lies beyond kMaxTexel is moved there.
inline UvTriangle SnapToTexels(const std::array<std::array<double, 2>, 3>& at) {
  UvTriangle snapped;
  for (int i = 0; i < 3; ++i) {
    for (int axis = 0; axis < 2; ++axis) {
      const double texel =
          std::fmin(std::fmax(at[i][axis], -UvTriangle::kMaxTexel),
                    UvTriangle::kMaxTexel);
      snapped.corner[i][axis] = std::llround(texel * UvTriangle::kSteps);
    }
  }
  return snapped;
}

// A triangle of UVs in an atlas of `size` texels a side; y runs upwards.
inline UvTriangle SnapToAtlas(const Vec2& a, const Vec2& b, const Vec2& c,
                              int64_t size) {
  const auto s = static_cast<double>(size);
  return SnapToTexels(
      {{{a.x * s, a.y * s}, {b.x * s, b.y * s}, {c.x * s, c.y * s}}});
}

using AtlasCorners = std::array<std::array<double, 2>, 3>;  // in texels

// The same, moved by whole atlases so that it begins in the first: UVs may be
// far out, and they wrap.
inline AtlasCorners MoveToFirstAtlas(const Vec2& a, const Vec2& b,
                                     const Vec2& c, int64_t size) {
  const double left = std::floor(std::min({a.x, b.x, c.x}));
  const double low = std::floor(std::min({a.y, b.y, c.y}));
  const auto s = static_cast<double>(size);
  return {{{(a.x - left) * s, (a.y - low) * s},
           {(b.x - left) * s, (b.y - low) * s},
           {(c.x - left) * s, (c.y - low) * s}}};
}

inline int64_t CeilDivide(int64_t a, int64_t b) {  // REQUIRES: b > 0
  return a / b + (a % b > 0);
}

// Calls row(y, begin, end) for each row of texels whose centres lie inside,
// whichever way the triangle runs. Time: its rows.
template <typename Row>
void ForEachTexelRow(UvTriangle triangle, Row row) {
  constexpr int64_t kSteps = UvTriangle::kSteps, kHalf = kSteps / 2;
  auto& p = triangle.corner;
  const int64_t area = (p[1][0] - p[0][0]) * (p[2][1] - p[0][1]) -
                       (p[1][1] - p[0][1]) * (p[2][0] - p[0][0]);
  if (area == 0) return;
  if (area < 0) std::swap(p[1], p[2]);
  const int64_t low = std::min({p[0][1], p[1][1], p[2][1]});
  const int64_t high = std::max({p[0][1], p[1][1], p[2][1]});
  const int64_t first = CeilDivide(low - kHalf, kSteps);
  for (int64_t y = first; y * kSteps + kHalf <= high; ++y) {
    int64_t begin = INT64_MIN, end = INT64_MAX;
    for (int i = 0; i < 3; ++i) {
      const auto &a = p[i], &b = p[(i + 1) % 3];
      const int64_t dx = b[0] - a[0], dy = b[1] - a[1];
      const int64_t inside = dx * (y * kSteps + kHalf - a[1]);
      // On the left of an edge; of two that run against each other over the
      // same points one includes them: the one that runs down, or right.
      if (dy < 0) {
        begin = std::max(
            begin, CeilDivide(-dy * (a[0] - kHalf) - inside, -dy * kSteps));
      } else if (dy > 0) {
        end = std::min(end,
                       CeilDivide(inside + dy * (a[0] - kHalf), dy * kSteps));
      } else if (inside < 0 || (inside == 0 && dx < 0)) {
        end = begin;
      }
    }
    if (begin < end) row(y, begin, end);
  }
}

// Texel number modulo the atlas: UVs wrap.
inline int64_t WrapTexel(int64_t texel, int64_t size) {
  const int64_t rest = texel % size;
  return rest < 0 ? rest + size : rest;
}

}  // namespace phosphene
