#pragma once

// The arithmetic of drawing triangles, one triangle or one pixel at a time, for
// CPU loops and the GPU kernels alike: the same operations in the same order,
// without contraction to fused multiply-adds. Formulas: perspective-correct
// interpolation of values over w, Heckbert & Moreton 1991; edges in whole
// numbers of 1/256 pixel, as GPUs have them. Knows no tensors and no CUDA.

#include <cmath>
#include <cstdint>

#include "server/engine/cuda/host_device.h"

namespace phosphene {

// A camera and the picture it makes.
struct RasterView {
  double eye[3];
  double rotation[3][3];  // rows side, up, back
  // x_px = (x_scale x + half_width w) / w, w the distance along the line of
  // sight; y likewise, downwards.
  double x_scale, y_scale, half_width, half_height;
  double near;
  int32_t height, width;
};

// A mesh: plain arrays. x, y, z of a position stand together.
struct RasterGeometry {
  const float* positions = nullptr;
  const float* uvs = nullptr;
  const int32_t* triangles = nullptr;  // 6 each: positions, then UVs
  const float* normals = nullptr;      // 9 each
  int32_t triangle_count = 0;
  int32_t position_count = 0;
};

inline constexpr int32_t kSubpixels = 256;
// Faces are cut this far from the origin of the picture. Corners then fit 24
// bits, products of their differences 50: doubles hold them exactly.
inline constexpr double kGuardPixels = 32768;
// A triangle cut by five planes has at most eight corners.
inline constexpr int32_t kMaxCorners = 8;
inline constexpr int32_t kMaxPrims = kMaxCorners - 2;

// A corner before the division by w.
struct ScreenVertex {
  double x, y, w;
  int32_t sub_x, sub_y;  // 1/256 pixel; where outside is 0
  float inverse_w;
  int32_t outside;  // a bit for each plane it is beyond
};

PHOSPHENE_HD inline double PlaneDistance(const RasterView& view, double x,
                                         double y, double w, int plane) {
  switch (plane) {
    case 0:
      return w - view.near;
    case 1:
      return kGuardPixels * w + x;
    case 2:
      return kGuardPixels * w - x;
    case 3:
      return kGuardPixels * w + y;
    default:
      return kGuardPixels * w - y;
  }
}

PHOSPHENE_HD inline int32_t Snapped(double pixels) {
  return static_cast<int32_t>(floor(pixels * kSubpixels + 0.5));
}

PHOSPHENE_HD inline ScreenVertex ProjectVertex(const RasterView& view,
                                               const float* position) {
  double d[3], c[3];
  for (int i = 0; i < 3; ++i)
    d[i] = static_cast<double>(position[i]) - view.eye[i];
  for (int i = 0; i < 3; ++i) {
    c[i] = view.rotation[i][0] * d[0] + view.rotation[i][1] * d[1] +
           view.rotation[i][2] * d[2];
  }
  ScreenVertex v;
  v.w = -c[2];
  v.x = view.x_scale * c[0] + view.half_width * v.w;
  v.y = view.half_height * v.w - view.y_scale * c[1];
  v.outside = 0;
  for (int plane = 0; plane < 5; ++plane) {
    if (PlaneDistance(view, v.x, v.y, v.w, plane) < 0) v.outside |= 1 << plane;
  }
  v.sub_x = v.sub_y = 0;
  v.inverse_w = 0;
  if (v.outside == 0) {
    const double inverse = 1 / v.w;
    v.sub_x = Snapped(v.x * inverse);
    v.sub_y = Snapped(v.y * inverse);
    v.inverse_w = static_cast<float>(inverse);
  }
  return v;
}

// A triangle on the screen, its corners 0, 1, 2 turned so that its area is
// positive. Twice the area of the part opposite to corner i is e_i; with (dx,
// dy) from corner 0 in 1/256 pixel
//   e1 = a1 dx + b1 dy,  e2 = a2 dx + b2 dy,  e0 = area - e1 - e2,
// and a pixel belongs to it where e_i >= least_i at its centre.
struct RasterPrim {
  int32_t x, y;  // corner 0
  int32_t a1, b1, a2, b2;
  int32_t left, right, top, bottom;  // of the pixels it may cover, inclusive
  float inverse_area;
  float inverse_w[3];
  int32_t triangle;
  int32_t weights;   // number of its PrimWeights, -1: corners of the triangle
  uint8_t least[3];  // 0 or 1
  uint8_t flipped;   // corners 1 and 2 are those 2 and 1 of the triangle
};

// Barycentrics within its triangle of each corner of a prim that was cut.
struct PrimWeights {
  float of[3][3];
};

PHOSPHENE_HD inline double AreaOf(const RasterPrim& p) {
  return static_cast<double>(p.b2) * p.a1 - static_cast<double>(p.b1) * p.a2;
}

// The edge rule: 0 where points on the edge belong to the triangle, that is on
// edges to the left and horizontal ones above. Of two triangles that share an
// edge one sees (a, b) and the other (-a, -b).
PHOSPHENE_HD inline uint8_t LeastOf(int32_t a, int32_t b) {
  return a > 0 || (a == 0 && b > 0) ? 0 : 1;
}

PHOSPHENE_HD inline int32_t LeastInt(int32_t a, int32_t b) {
  return a < b ? a : b;
}
PHOSPHENE_HD inline int32_t MostInt(int32_t a, int32_t b) {
  return a > b ? a : b;
}

// From three snapped corners; false where no pixel can be within.
PHOSPHENE_HD inline bool MakePrim(const RasterView& view, const int32_t x[3],
                                  const int32_t y[3], const float inverse_w[3],
                                  int32_t triangle, RasterPrim* prim) {
  // Pixels have their centres at 256 i + 128.
  const int32_t half = kSubpixels / 2;
  const int32_t least_x = LeastInt(x[0], LeastInt(x[1], x[2]));
  const int32_t most_x = MostInt(x[0], MostInt(x[1], x[2]));
  const int32_t least_y = LeastInt(y[0], LeastInt(y[1], y[2]));
  const int32_t most_y = MostInt(y[0], MostInt(y[1], y[2]));
  prim->left = MostInt(0, (least_x + half - 1) >> 8);
  prim->right = LeastInt(view.width - 1, (most_x - half) >> 8);
  prim->top = MostInt(0, (least_y + half - 1) >> 8);
  prim->bottom = LeastInt(view.height - 1, (most_y - half) >> 8);
  if (prim->left > prim->right || prim->top > prim->bottom) return false;
  const int64_t area = static_cast<int64_t>(x[1] - x[0]) * (y[2] - y[0]) -
                       static_cast<int64_t>(x[2] - x[0]) * (y[1] - y[0]);
  if (area == 0) return false;
  const int one = area > 0 ? 1 : 2, two = 3 - one;
  prim->x = x[0];
  prim->y = y[0];
  prim->a1 = y[two] - y[0];
  prim->b1 = x[0] - x[two];
  prim->a2 = y[0] - y[one];
  prim->b2 = x[one] - x[0];
  prim->least[0] = LeastOf(y[one] - y[two], x[two] - x[one]);
  prim->least[1] = LeastOf(prim->a1, prim->b1);
  prim->least[2] = LeastOf(prim->a2, prim->b2);
  prim->inverse_area =
      static_cast<float>(1 / static_cast<double>(area > 0 ? area : -area));
  prim->inverse_w[0] = inverse_w[0];
  prim->inverse_w[1] = inverse_w[one];
  prim->inverse_w[2] = inverse_w[two];
  prim->triangle = triangle;
  prim->weights = -1;
  prim->flipped = area < 0;
  return true;
}

// A corner of a polygon that is being cut.
struct CutVertex {
  double x, y, w;
  double b[3];  // barycentrics in the triangle
};

// Where the edge between two corners meets a plane. From the lexicographically
// smaller end, so that triangles that share the edge find the same bits.
PHOSPHENE_HD inline CutVertex CutEdge(const CutVertex& p, const CutVertex& q,
                                      double p_distance, double q_distance) {
  const bool swap =
      q.x < p.x || (q.x == p.x && (q.y < p.y || (q.y == p.y && q.w < p.w)));
  const CutVertex& a = swap ? q : p;
  const CutVertex& b = swap ? p : q;
  const double from = swap ? q_distance : p_distance;
  const double to = swap ? p_distance : q_distance;
  const double t = from / (from - to);
  CutVertex out;
  out.x = a.x + t * (b.x - a.x);
  out.y = a.y + t * (b.y - a.y);
  out.w = a.w + t * (b.w - a.w);
  for (int k = 0; k < 3; ++k) out.b[k] = a.b[k] + t * (b.b[k] - a.b[k]);
  return out;
}

// Cuts a polygon (Sutherland & Hodgman 1974); returns its number of corners.
PHOSPHENE_HD inline int CutPolygon(const RasterView& view, int32_t planes,
                                   CutVertex polygon[kMaxCorners], int count) {
  CutVertex before[kMaxCorners];
  for (int plane = 0; plane < 5; ++plane) {
    if (!(planes >> plane & 1)) continue;
    for (int i = 0; i < count; ++i) before[i] = polygon[i];
    const int corners = count;
    count = 0;
    for (int i = 0; i < corners; ++i) {
      const CutVertex& p = before[i];
      const CutVertex& q = before[i + 1 < corners ? i + 1 : 0];
      const double dp = PlaneDistance(view, p.x, p.y, p.w, plane);
      const double dq = PlaneDistance(view, q.x, q.y, q.w, plane);
      if (dp >= 0 && count < kMaxCorners) polygon[count++] = p;
      if ((dp < 0) != (dq < 0) && count < kMaxCorners)
        polygon[count++] = CutEdge(p, q, dp, dq);
    }
  }
  return count;
}

// The prims of a triangle that is cut: a fan.
PHOSPHENE_HD inline int CutTriangle(const RasterView& view,
                                    const ScreenVertex v[3], int32_t triangle,
                                    RasterPrim prims[kMaxPrims],
                                    PrimWeights weights[kMaxPrims]) {
  CutVertex polygon[kMaxCorners];
  for (int i = 0; i < 3; ++i) {
    polygon[i] = {v[i].x, v[i].y, v[i].w, {0, 0, 0}};
    polygon[i].b[i] = 1;
  }
  const int corners =
      CutPolygon(view, v[0].outside | v[1].outside | v[2].outside, polygon, 3);
  int count = 0;
  for (int i = 1; i + 1 < corners; ++i) {
    const int at[3] = {0, i, i + 1};
    int32_t x[3], y[3];
    float inverse_w[3];
    for (int k = 0; k < 3; ++k) {
      const CutVertex& c = polygon[at[k]];
      const double inverse = 1 / c.w;
      x[k] = Snapped(c.x * inverse);
      y[k] = Snapped(c.y * inverse);
      inverse_w[k] = static_cast<float>(inverse);
    }
    RasterPrim& prim = prims[count];
    if (!MakePrim(view, x, y, inverse_w, triangle, &prim)) continue;
    for (int k = 0; k < 3; ++k) {
      const int corner = prim.flipped && k > 0 ? 3 - k : k;
      for (int j = 0; j < 3; ++j) {
        weights[count].of[k][j] = static_cast<float>(polygon[at[corner]].b[j]);
      }
    }
    prim.flipped = 0;  // the weights say it
    prim.weights = count++;
  }
  return count;
}

// Returns the number of prims; weights[prim.weights] belong to those cut.
PHOSPHENE_HD inline int SetupTriangle(const RasterView& view,
                                      const ScreenVertex v[3], int32_t triangle,
                                      RasterPrim prims[kMaxPrims],
                                      PrimWeights weights[kMaxPrims]) {
  if ((v[0].outside & v[1].outside & v[2].outside) != 0) return 0;
  if ((v[0].outside | v[1].outside | v[2].outside) != 0)
    return CutTriangle(view, v, triangle, prims, weights);
  const int32_t x[3] = {v[0].sub_x, v[1].sub_x, v[2].sub_x};
  const int32_t y[3] = {v[0].sub_y, v[1].sub_y, v[2].sub_y};
  const float w[3] = {v[0].inverse_w, v[1].inverse_w, v[2].inverse_w};
  return MakePrim(view, x, y, w, triangle, &prims[0]) ? 1 : 0;
}

// e_0, e_1, e_2 at the centre of a pixel: whole numbers.
struct EdgeValues {
  double e[3];
};
PHOSPHENE_HD inline EdgeValues EdgesAt(const RasterPrim& p, int32_t x,
                                       int32_t y) {
  const double dx = kSubpixels * x + kSubpixels / 2 - p.x;
  const double dy = kSubpixels * y + kSubpixels / 2 - p.y;
  EdgeValues v;
  v.e[1] = p.a1 * dx + p.b1 * dy;
  v.e[2] = p.a2 * dx + p.b2 * dy;
  v.e[0] = AreaOf(p) - v.e[1] - v.e[2];
  return v;
}
PHOSPHENE_HD inline bool Covers(const RasterPrim& p, const EdgeValues& v) {
  return v.e[0] >= p.least[0] && v.e[1] >= p.least[1] && v.e[2] >= p.least[2];
}

// 1/w from e1 and e2: the larger the nearer.
struct DepthPlane {
  float at, by_e1, by_e2;
};
PHOSPHENE_HD inline DepthPlane DepthOf(const RasterPrim& p) {
  return {p.inverse_w[0], (p.inverse_w[1] - p.inverse_w[0]) * p.inverse_area,
          (p.inverse_w[2] - p.inverse_w[0]) * p.inverse_area};
}
PHOSPHENE_HD inline float DepthAt(const DepthPlane& d, float e1, float e2) {
  return d.at + (e1 * d.by_e1 + e2 * d.by_e2);
}

}  // namespace phosphene
