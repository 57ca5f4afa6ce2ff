// Where in space the texels of an atlas lie.
#include "server/engine/params/texture/texel_positions.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace phosphene {
namespace {

// A triangle that repeats the atlas more often than this is passed over.
constexpr double kMaxRepeats = 8;

struct Point {
  double x, y;  // in texels, centres at whole numbers, y downwards
};

class Band {
 public:
  Band(const RasterMesh& mesh, int64_t side, int64_t begin, int64_t end)
      : mesh_(mesh),
        side_(side),
        begin_(begin),
        end_(end),
        seen_((end - begin) * side, 0),
        positions_((end - begin) * side) {}

  void Draw(const RasterMesh::Triangle& triangle) {
    Point p[3];
    for (int i = 0; i < 3; ++i) {
      const Vec2& uv = mesh_.uvs[triangle.uv[i]];
      p[i] = {uv.x * side_ - .5, (1. - uv.y) * side_ - .5};
    }
    const double area = Cross(p[0], p[1], p[2]);
    const double span =
        std::max({p[0].x, p[1].x, p[2].x}) - std::min({p[0].x, p[1].x, p[2].x});
    const double rise =
        std::max({p[0].y, p[1].y, p[2].y}) - std::min({p[0].y, p[1].y, p[2].y});
    if (area == 0 || !std::isfinite(area) ||
        std::max(span, rise) > kMaxRepeats * side_) {
      return;
    }
    const double top = std::min({p[0].y, p[1].y, p[2].y});
    for (auto y = static_cast<int64_t>(std::ceil(top)); y <= top + rise; ++y)
      DrawLine(triangle, p, area, y);
  }

  TexelPositions Take() const {
    const int64_t count = std::count(seen_.begin(), seen_.end(), 1);
    TexelPositions out{at::empty({count}, at::kLong),
                       at::empty({3, count}, at::kFloat)};
    auto* texel = out.texel.data_ptr<int64_t>();
    auto* position = out.position.data_ptr<float>();
    int64_t n = 0;
    for (size_t i = 0; i < seen_.size(); ++i) {
      if (!seen_[i]) continue;
      texel[n] = begin_ * side_ + static_cast<int64_t>(i);
      position[n] = positions_[i].x;
      position[count + n] = positions_[i].y;
      position[2 * count + n] = positions_[i].z;
      ++n;
    }
    return out;
  }

 private:
  static double Cross(const Point& a, const Point& b, const Point& c) {
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
  }
  int64_t Wrapped(int64_t i) const { return ((i % side_) + side_) % side_; }

  void DrawLine(const RasterMesh::Triangle& triangle, const Point* p,
                double area, int64_t y) {
    const int64_t line = Wrapped(y);
    if (line < begin_ || line >= end_) return;
    const double left = std::min({p[0].x, p[1].x, p[2].x}),
                 right = std::max({p[0].x, p[1].x, p[2].x});
    for (auto x = static_cast<int64_t>(std::ceil(left)); x <= right; ++x) {
      const Point at{static_cast<double>(x), static_cast<double>(y)};
      const double b[3] = {Cross(p[1], p[2], at) / area,
                           Cross(p[2], p[0], at) / area,
                           Cross(p[0], p[1], at) / area};
      if (std::min({b[0], b[1], b[2]}) < 0) continue;
      const int64_t index = (line - begin_) * side_ + Wrapped(x);
      seen_[index] = 1;
      positions_[index] = Blend(triangle, b);
    }
  }

  Vec3 Blend(const RasterMesh::Triangle& triangle, const double* b) const {
    double x = 0, y = 0, z = 0;
    for (int i = 0; i < 3; ++i) {
      const Vec3& corner = mesh_.positions[triangle.position[i]];
      x += b[i] * corner.x;
      y += b[i] * corner.y;
      z += b[i] * corner.z;
    }
    return {static_cast<float>(x), static_cast<float>(y),
            static_cast<float>(z)};
  }

  const RasterMesh& mesh_;
  const int64_t side_, begin_, end_;
  std::vector<uint8_t> seen_;    // [lines,side]
  std::vector<Vec3> positions_;  // [lines,side]
};

}  // namespace

TexelPositions PositionsOfTexels(const RasterMesh& mesh, int64_t side,
                                 int64_t begin, int64_t end) {
  Band band(mesh, side, begin, end);
  for (const RasterMesh::Triangle& triangle : mesh.triangles)
    band.Draw(triangle);
  return band.Take();
}

}  // namespace phosphene
