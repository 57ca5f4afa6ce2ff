#pragma once

// What pixels show of the triangles of raster_math.h: values by perspective-
// correct interpolation and their derivatives on the screen, for CPU loops and
// the GPU kernels alike. Knows no tensors and no CUDA.

#include <cmath>
#include <cstdint>
#include <cstring>

#include "server/engine/cuda/host_device.h"
#include "server/engine/cuda/raster_math.h"

namespace phosphene {

// Where fragments are written; null: not wanted. Planes are `count` apart.
struct FragmentArrays {
  int64_t count = 0;
  int64_t* pixel = nullptr;
  int32_t* face = nullptr;
  float* uv = nullptr;
  float* uv_dx = nullptr;
  float* uv_dy = nullptr;
  float* barycentric = nullptr;
  float* position = nullptr;
  float* facing = nullptr;
};

// What is the same for all pixels of a prim: values at corner 0 and their
// differences to it at corners 1 and 2.
struct PrimValues {
  float u[3], v[3], facing[3];
  float position[3][3];     // axis, corner
  float barycentric[3][3];  // of the triangle, corner of the prim
  // Change of each corner's b/w a pixel to the right and down, and their sums.
  float right[3], down[3], right_sum, down_sum;
};

PHOSPHENE_HD inline void Difference(float value[3]) {
  value[1] -= value[0];
  value[2] -= value[0];
}

PHOSPHENE_HD inline PrimValues ValuesOf(const RasterView& view,
                                        const RasterGeometry& mesh,
                                        const RasterPrim& prim,
                                        const PrimWeights* weights) {
  PrimValues out;
  const int32_t* index = mesh.triangles + int64_t{6} * prim.triangle;
  const float* normals = mesh.normals + int64_t{9} * prim.triangle;
  float value[3][6];  // corner of the triangle: u, v, facing, position
  for (int k = 0; k < 3; ++k) {
    const float* position = mesh.positions + int64_t{3} * index[k];
    const float* uv = mesh.uvs + int64_t{2} * index[3 + k];
    const float* normal = normals + 3 * k;
    value[k][0] = uv[0];
    value[k][1] = uv[1];
    value[k][2] = static_cast<float>(view.rotation[2][0]) * normal[0] +
                  static_cast<float>(view.rotation[2][1]) * normal[1] +
                  static_cast<float>(view.rotation[2][2]) * normal[2];
    for (int j = 0; j < 3; ++j) value[k][3 + j] = position[j];
  }
  for (int k = 0; k < 3; ++k) {  // corner of the prim
    float at[6];
    const int whole = prim.flipped && k > 0 ? 3 - k : k;
    for (int j = 0; j < 6; ++j) {
      at[j] = weights == nullptr ? value[whole][j]
                                 : weights->of[k][0] * value[0][j] +
                                       weights->of[k][1] * value[1][j] +
                                       weights->of[k][2] * value[2][j];
    }
    out.u[k] = at[0];
    out.v[k] = at[1];
    out.facing[k] = at[2];
    for (int j = 0; j < 3; ++j) {
      out.position[j][k] = at[3 + j];
      out.barycentric[j][k] =
          weights == nullptr ? (j == whole ? 1.0f : 0.0f) : weights->of[k][j];
    }
  }
  Difference(out.u);
  Difference(out.v);
  Difference(out.facing);
  for (int j = 0; j < 3; ++j) {
    Difference(out.position[j]);
    Difference(out.barycentric[j]);
  }
  const float pixel = kSubpixels * prim.inverse_area;
  const float right[3] = {static_cast<float>(-prim.a1 - prim.a2) * pixel,
                          static_cast<float>(prim.a1) * pixel,
                          static_cast<float>(prim.a2) * pixel};
  const float down[3] = {static_cast<float>(-prim.b1 - prim.b2) * pixel,
                         static_cast<float>(prim.b1) * pixel,
                         static_cast<float>(prim.b2) * pixel};
  for (int k = 0; k < 3; ++k) {
    out.right[k] = right[k] * prim.inverse_w[k];
    out.down[k] = down[k] * prim.inverse_w[k];
  }
  out.right_sum = out.right[0] + out.right[1] + out.right[2];
  out.down_sum = out.down[0] + out.down[1] + out.down[2];
  return out;
}

PHOSPHENE_HD inline float Blend(const float value[3], float c1, float c2) {
  return value[0] + (c1 * value[1] + c2 * value[2]);
}

// Writes fragment `i`, which shows a prim at pixel (x, y) of its view.
PHOSPHENE_HD inline void WriteFragment(const RasterPrim& prim,
                                       const PrimValues& values, int32_t x,
                                       int32_t y, const FragmentArrays& to,
                                       int64_t i) {
  const EdgeValues edges = EdgesAt(prim, x, y);
  float q[3];
  for (int k = 0; k < 3; ++k) {
    q[k] = (static_cast<float>(edges.e[k]) * prim.inverse_area) *
           prim.inverse_w[k];
  }
  const float w = 1.0f / (q[0] + q[1] + q[2]);
  const float c1 = q[1] * w, c2 = q[2] * w;
  const float c1_dx = w * (values.right[1] - c1 * values.right_sum);
  const float c2_dx = w * (values.right[2] - c2 * values.right_sum);
  const float c1_dy = w * (values.down[1] - c1 * values.down_sum);
  const float c2_dy = w * (values.down[2] - c2 * values.down_sum);
  const int64_t n = to.count;
  to.uv[i] = Blend(values.u, c1, c2);
  to.uv[n + i] = Blend(values.v, c1, c2);
  to.uv_dx[i] = c1_dx * values.u[1] + c2_dx * values.u[2];
  to.uv_dx[n + i] = c1_dx * values.v[1] + c2_dx * values.v[2];
  to.uv_dy[i] = c1_dy * values.u[1] + c2_dy * values.u[2];
  to.uv_dy[n + i] = c1_dy * values.v[1] + c2_dy * values.v[2];
  if (to.barycentric != nullptr) {
    for (int j = 0; j < 3; ++j) {
      const float b = Blend(values.barycentric[j], c1, c2);
      to.barycentric[j * n + i] = b > 0 ? b : 0;
    }
  }
  if (to.position != nullptr) {
    for (int j = 0; j < 3; ++j)
      to.position[j * n + i] = Blend(values.position[j], c1, c2);
  }
  if (to.facing != nullptr) {
    const float facing = fabsf(Blend(values.facing, c1, c2));
    to.facing[i] = facing < 1 ? facing : 1;
  }
}

// What GPU kernels do for a triangle or a fragment alone, from nothing but the
// mesh; CPU loops share work instead, and come to the same bits.

PHOSPHENE_HD inline int SetupFromMesh(const RasterView& view,
                                      const RasterGeometry& mesh,
                                      int32_t triangle,
                                      RasterPrim prims[kMaxPrims],
                                      PrimWeights weights[kMaxPrims]) {
  const int32_t* index = mesh.triangles + int64_t{6} * triangle;
  ScreenVertex corners[3];
  for (int k = 0; k < 3; ++k)
    corners[k] = ProjectVertex(view, mesh.positions + int64_t{3} * index[k]);
  return SetupTriangle(view, corners, triangle, prims, weights);
}

// The depth of a prim at a pixel, 0 where it does not cover it.
PHOSPHENE_HD inline float DepthIfCovered(const RasterPrim& prim, int32_t x,
                                         int32_t y) {
  const EdgeValues edges = EdgesAt(prim, x, y);
  if (!Covers(prim, edges)) return 0;
  const float z = DepthAt(DepthOf(prim), static_cast<float>(edges.e[1]),
                          static_cast<float>(edges.e[2]));
  return z > 0 ? z : 0;
}

// The larger the nearer; of the same depth, the first triangle.
PHOSPHENE_HD inline uint64_t RasterKey(float depth, int32_t triangle) {
  uint32_t bits;
  memcpy(&bits, &depth, sizeof(bits));
  return static_cast<uint64_t>(bits) << 32 |
         (0xffffffffu - static_cast<uint32_t>(triangle));
}

// Writes fragment `i`, whose face is given, at a pixel of its view.
PHOSPHENE_HD inline void WriteFragmentOfFace(const RasterView& view,
                                             const RasterGeometry& mesh,
                                             int32_t x, int32_t y,
                                             const FragmentArrays& to,
                                             int64_t i) {
  RasterPrim prims[kMaxPrims];
  PrimWeights weights[kMaxPrims];
  const int count = SetupFromMesh(view, mesh, to.face[i], prims, weights);
  // Of a triangle in parts the one that is nearest; the first, as in loops.
  int shown = -1;
  float nearest = 0;
  for (int k = 0; k < count; ++k) {
    const float z = DepthIfCovered(prims[k], x, y);
    if (z <= nearest) continue;
    nearest = z;
    shown = k;
  }
  if (shown < 0) return;
  const RasterPrim& prim = prims[shown];
  const PrimValues values = ValuesOf(
      view, mesh, prim, prim.weights < 0 ? nullptr : &weights[prim.weights]);
  WriteFragment(prim, values, x, y, to, i);
}

}  // namespace phosphene
