// Polygons into triangles by cutting ears.
#include "server/meshes/triangulate.h"

#include <cmath>
#include <cstddef>

namespace phosphene {
namespace {

struct Flat {
  double x = 0, y = 0;
};

double Turn(const Flat& a, const Flat& b, const Flat& c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

// The polygon in the coordinate plane that its normal is nearest to, running
// counterclockwise, taken off its first corner.
std::vector<Flat> Flatten(const std::vector<Point3>& polygon) {
  Point3 normal;
  const Point3& origin = polygon[0];
  for (size_t i = 1; i + 1 < polygon.size(); ++i) {
    normal = normal + AreaVector(origin, polygon[i], polygon[i + 1]);
  }
  const double x = std::abs(normal.x), y = std::abs(normal.y),
               z = std::abs(normal.z);
  std::vector<Flat> flat;
  flat.reserve(polygon.size());
  for (const Point3& corner : polygon) {
    const Point3 p = corner - origin;
    if (z >= x && z >= y) {
      flat.push_back({normal.z < 0 ? -p.x : p.x, p.y});
    } else if (x >= y) {
      flat.push_back({normal.x < 0 ? -p.y : p.y, p.z});
    } else {
      flat.push_back({normal.y < 0 ? -p.z : p.z, p.x});
    }
  }
  return flat;
}

class EarCutter {
 public:
  explicit EarCutter(std::vector<Flat> corners)
      : corners_(std::move(corners)),
        count_(static_cast<int>(corners_.size())) {
    for (int i = 0; i < count_; ++i) {
      before_.push_back((i + count_ - 1) % count_);
      after_.push_back((i + 1) % count_);
    }
    for (int i = 0; i < count_; ++i) ear_.push_back(IsEar(i));
  }

  std::vector<std::array<int, 3>> Cut() {
    std::vector<std::array<int, 3>> triangles;
    int at = 0, looked_at = 0;
    for (int left = count_; left > 3;) {
      // After a whole round without an ear any corner has to do.
      if (!ear_[at] && ++looked_at <= left) {
        at = after_[at];
        continue;
      }
      const int before = before_[at], after = after_[at];
      triangles.push_back({before, at, after});
      after_[before] = after;
      before_[after] = before;
      ear_[before] = IsEar(before);
      ear_[after] = IsEar(after);
      at = after_[after];  // skipping one keeps triangles fat
      looked_at = 0;
      --left;
    }
    triangles.push_back({before_[at], at, after_[at]});
    return triangles;
  }

 private:
  bool IsEar(int corner) const {
    const int i = before_[corner], k = after_[corner];
    const Flat &a = corners_[i], &b = corners_[corner], &c = corners_[k];
    if (Turn(a, b, c) <= 0) return false;
    for (int p = after_[k]; p != i; p = after_[p]) {
      const Flat& q = corners_[p];
      if (Turn(a, b, q) >= 0 && Turn(b, c, q) >= 0 && Turn(c, a, q) >= 0 &&
          !SameAs(q, a) && !SameAs(q, b) && !SameAs(q, c))
        return false;
    }
    return true;
  }
  static bool SameAs(const Flat& a, const Flat& b) {
    return a.x == b.x && a.y == b.y;
  }

  const std::vector<Flat> corners_;
  const int count_;
  std::vector<int> before_, after_;
  std::vector<bool> ear_;
};

// Every corner turns left, and only once around.
bool IsConvex(const std::vector<Flat>& corners) {
  const size_t n = corners.size();
  int rises = 0;
  for (size_t i = 0; i < n; ++i) {
    const Flat &a = corners[i], &b = corners[(i + 1) % n],
               &c = corners[(i + 2) % n];
    if (Turn(a, b, c) <= 0) return false;
    rises += a.y < b.y && b.y >= c.y;
  }
  return rises <= 1;
}

}  // namespace

std::vector<std::array<int, 3>> Triangulate(
    const std::vector<Point3>& polygon) {
  const int count = static_cast<int>(polygon.size());
  if (count == 3) return {{0, 1, 2}};
  std::vector<Flat> flat = Flatten(polygon);
  if (!IsConvex(flat)) return EarCutter(std::move(flat)).Cut();
  std::vector<std::array<int, 3>> fan;
  for (int i = 1; i + 1 < count; ++i) fan.push_back({0, i, i + 1});
  return fan;
}

}  // namespace phosphene
