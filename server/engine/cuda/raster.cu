// Triangles on the GPU: a warp for each finds the nearest by atomic maxima of
// depth and number, then a thread for each fragment says what it shows. Which
// is done in what order changes nothing.

#include "server/engine/cuda/raster.h"

namespace phosphene {
namespace {

constexpr int kThreads = 128;
constexpr int kWarp = 32;

__device__ inline int SetupOf(const RasterLaunch& launch, int32_t triangle,
                              RasterPrim prims[kMaxPrims],
                              PrimWeights weights[kMaxPrims]) {
  const int32_t* index = launch.mesh.triangles + int64_t{6} * triangle;
  ScreenVertex corners[3];
  for (int k = 0; k < 3; ++k) {
    corners[k] = ProjectVertex(launch.view,
                               launch.mesh.positions + int64_t{3} * index[k]);
  }
  return SetupTriangle(launch.view, corners, triangle, prims, weights);
}

// The depth of a prim at a pixel, 0 where it does not cover it.
__device__ inline float DepthIfCovered(const RasterPrim& prim, int32_t x,
                                       int32_t y) {
  const EdgeValues edges = EdgesAt(prim, x, y);
  if (!Covers(prim, edges)) return 0;
  const float z = DepthAt(DepthOf(prim), static_cast<float>(edges.e[1]),
                          static_cast<float>(edges.e[2]));
  return z > 0 ? z : 0;
}

__global__ void KeysKernel(RasterLaunch launch, unsigned long long* keys) {
  const int64_t thread = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const int64_t triangle = thread / kWarp;
  const int lane = static_cast<int>(thread % kWarp);
  if (triangle >= launch.mesh.triangle_count) return;
  RasterPrim prims[kMaxPrims];
  PrimWeights weights[kMaxPrims];
  const int count =
      SetupOf(launch, static_cast<int32_t>(triangle), prims, weights);
  const unsigned long long number =
      0xffffffffull - static_cast<unsigned long long>(triangle);
  for (int i = 0; i < count; ++i) {
    const RasterPrim& prim = prims[i];
    const int32_t width = prim.right - prim.left + 1;
    const int64_t pixels = int64_t{width} * (prim.bottom - prim.top + 1);
    for (int64_t at = lane; at < pixels; at += kWarp) {
      const int32_t x = prim.left + static_cast<int32_t>(at % width);
      const int32_t y = prim.top + static_cast<int32_t>(at / width);
      const float z = DepthIfCovered(prim, x, y);
      if (z <= 0) continue;
      const unsigned long long depth = __float_as_uint(z);
      atomicMax(keys + int64_t{y} * launch.view.width + x,
                depth << 32 | number);
    }
  }
}

__global__ void FragmentsKernel(RasterLaunch launch, int64_t first_pixel,
                                int64_t begin, int64_t end, FragmentArrays to) {
  const int64_t i = begin + int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= end) return;
  const int64_t pixel = to.pixel[i] - first_pixel;
  const int32_t x = static_cast<int32_t>(pixel % launch.view.width);
  const int32_t y = static_cast<int32_t>(pixel / launch.view.width);
  RasterPrim prims[kMaxPrims];
  PrimWeights weights[kMaxPrims];
  const int count = SetupOf(launch, to.face[i], prims, weights);
  // Of a triangle in parts the one whose depth won; the first, as on the CPU.
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
  const PrimValues values =
      ValuesOf(launch.view, launch.mesh, prim,
               prim.weights < 0 ? nullptr : &weights[prim.weights]);
  WriteFragment(prim, values, x, y, to, i);
}

unsigned BlocksFor(int64_t threads) {
  return static_cast<unsigned>((threads + kThreads - 1) / kThreads);
}

}  // namespace

cudaError_t RunRasterKeys(const RasterLaunch& launch, uint64_t* keys,
                          cudaStream_t stream) {
  const int64_t threads = int64_t{kWarp} * launch.mesh.triangle_count;
  KeysKernel<<<BlocksFor(threads), kThreads, 0, stream>>>(
      launch, reinterpret_cast<unsigned long long*>(keys));
  return cudaGetLastError();
}

cudaError_t RunRasterFragments(const RasterLaunch& launch, int64_t first_pixel,
                               int64_t begin, int64_t end,
                               const FragmentArrays& to, cudaStream_t stream) {
  if (begin >= end) return cudaSuccess;
  FragmentsKernel<<<BlocksFor(end - begin), kThreads, 0, stream>>>(
      launch, first_pixel, begin, end, to);
  return cudaGetLastError();
}

}  // namespace phosphene
