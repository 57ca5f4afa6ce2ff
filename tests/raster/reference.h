#pragma once

// A slow rasterizer in double precision that shares no code with the real one:
// each pixel casts a ray and asks every triangle.

#include <array>
#include <cmath>
#include <vector>

#include "server/engine/raster/raster.h"

namespace phosphene {

struct ReferencePixel {
  int triangle = -1;
  double b[3] = {0, 0, 0};
  double u = 0, v = 0;
  double distance = 0;  // along the line of sight
  // How near to an edge the hit is, and the next hit in depth: ids may differ
  // where both say it is a close call.
  double least_b = 1;
  double second = 1e300;
};

using Point = std::array<double, 3>;

inline Point Sub(const Point& a, const Point& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}
inline Point CrossOf(const Point& a, const Point& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
          a[0] * b[1] - a[1] * b[0]};
}
inline double DotOf(const Point& a, const Point& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
inline Point PointOf(const Vec3& v) { return {v.x, v.y, v.z}; }

// Direction through (x, y) in pixels, of length 1 along the line of sight.
inline Point RayThrough(const Camera& camera, double x, double y, int height,
                        int width) {
  const double t = std::tan(camera.field_of_view / 2 * M_PI / 180);
  const double aspect =
      camera.aspect > 0 ? camera.aspect : 1.0 * width / height;
  const double right = (2 * x / width - 1) * t * aspect;
  const double up = (1 - 2 * y / height) * t;
  Point out;
  for (int k = 0; k < 3; ++k) {
    out[k] = right * camera.rotation[k] + up * camera.rotation[3 + k] -
             camera.rotation[6 + k];
  }
  return out;
}

// Where a ray meets a triangle's plane (Moeller & Trumbore 1997).
inline bool MeetPlane(const Point& eye, const Point& ray, const Point p[3],
                      double b[3], double* distance) {
  const Point e1 = Sub(p[1], p[0]), e2 = Sub(p[2], p[0]);
  const Point h = CrossOf(ray, e2);
  const double det = DotOf(e1, h);
  if (det == 0) return false;
  const Point s = Sub(eye, p[0]);
  b[1] = DotOf(s, h) / det;
  const Point q = CrossOf(s, e1);
  b[2] = DotOf(ray, q) / det;
  b[0] = 1 - b[1] - b[2];
  *distance = DotOf(e2, q) / det;
  return true;
}

inline ReferencePixel ReferenceAt(const RasterMesh& mesh, const Camera& camera,
                                  double x, double y, int height, int width) {
  const Point eye = PointOf(camera.eye);
  const Point ray = RayThrough(camera, x, y, height, width);
  ReferencePixel out;
  double nearest = 1e300;
  for (size_t t = 0; t < mesh.triangles.size(); ++t) {
    Point p[3];
    for (int k = 0; k < 3; ++k)
      p[k] = PointOf(mesh.positions[mesh.triangles[t].position[k]]);
    double b[3], distance;
    if (!MeetPlane(eye, ray, p, b, &distance)) continue;
    const double least = std::min({b[0], b[1], b[2]});
    if (distance < camera.near || least < -1e-9) continue;
    if (distance < nearest) {
      out.second = nearest;
      nearest = distance;
      out.triangle = static_cast<int>(t);
      out.distance = distance;
      out.least_b = least;
      out.u = out.v = 0;
      for (int k = 0; k < 3; ++k) {
        const Vec2& uv = mesh.uvs[mesh.triangles[t].uv[k]];
        out.b[k] = b[k];
        out.u += b[k] * uv.x;
        out.v += b[k] * uv.y;
      }
    } else if (distance < out.second) {
      out.second = distance;
    }
  }
  return out;
}

// u and v of a given triangle's plane.
inline std::array<double, 2> ReferenceUv(const RasterMesh& mesh,
                                         const Camera& camera, int triangle,
                                         double x, double y, int height,
                                         int width) {
  Point p[3];
  for (int k = 0; k < 3; ++k)
    p[k] = PointOf(mesh.positions[mesh.triangles[triangle].position[k]]);
  double b[3], distance;
  MeetPlane(PointOf(camera.eye), RayThrough(camera, x, y, height, width), p, b,
            &distance);
  std::array<double, 2> out = {0, 0};
  for (int k = 0; k < 3; ++k) {
    const Vec2& uv = mesh.uvs[mesh.triangles[triangle].uv[k]];
    out[0] += b[k] * uv.x;
    out[1] += b[k] * uv.y;
  }
  return out;
}

}  // namespace phosphene
