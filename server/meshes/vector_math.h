#pragma once

#include <cmath>

#include "server/meshes/mesh.h"

namespace phosphene {

// Positions in double, for sums and products that floats would spoil.
struct Point3 {
  double x = 0, y = 0, z = 0;

  Point3() = default;
  Point3(double x, double y, double z) : x(x), y(y), z(z) {}
  explicit Point3(const Vec3& v) : x(v.x), y(v.y), z(v.z) {}

  Point3 operator+(const Point3& o) const {
    return {x + o.x, y + o.y, z + o.z};
  }
  Point3 operator-(const Point3& o) const {
    return {x - o.x, y - o.y, z - o.z};
  }
  Point3 operator*(double s) const { return {x * s, y * s, z * s}; }
};

inline double Dot(const Point3& a, const Point3& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
inline Point3 Cross(const Point3& a, const Point3& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline double Length(const Point3& a) { return std::sqrt(Dot(a, a)); }

// Twice the triangle's area along its normal.
inline Point3 AreaVector(const Point3& a, const Point3& b, const Point3& c) {
  return Cross(b - a, c - a);
}

// Twice the area of a triangle of UVs, positive when it runs counterclockwise.
inline double SignedArea(const Vec2& a, const Vec2& b, const Vec2& c) {
  return (double{b.x} - a.x) * (double{c.y} - a.y) -
         (double{b.y} - a.y) * (double{c.x} - a.x);
}

}  // namespace phosphene
