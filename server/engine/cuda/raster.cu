// Triangles on the GPU: a warp for each finds the nearest by atomic maxima of
// depth and number, then a thread for each fragment says what it shows. Which
// is done in what order changes nothing.

#include "server/engine/cuda/raster.h"

namespace phosphene {
namespace {

constexpr int kThreads = 128;
constexpr int kWarp = 32;

__global__ void KeysKernel(RasterLaunch launch, unsigned long long* keys) {
  const int64_t thread = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const int64_t triangle = thread / kWarp;
  const int lane = static_cast<int>(thread % kWarp);
  if (triangle >= launch.mesh.triangle_count) return;
  RasterPrim prims[kMaxPrims];
  PrimWeights weights[kMaxPrims];
  const int32_t number = static_cast<int32_t>(triangle);
  const int count =
      SetupFromMesh(launch.view, launch.mesh, number, prims, weights);
  for (int i = 0; i < count; ++i) {
    const RasterPrim& prim = prims[i];
    const int32_t width = prim.right - prim.left + 1;
    const int64_t pixels = int64_t{width} * (prim.bottom - prim.top + 1);
    for (int64_t at = lane; at < pixels; at += kWarp) {
      const int32_t x = prim.left + static_cast<int32_t>(at % width);
      const int32_t y = prim.top + static_cast<int32_t>(at / width);
      const float z = DepthIfCovered(prim, x, y);
      if (z <= 0) continue;
      atomicMax(keys + int64_t{y} * launch.view.width + x,
                static_cast<unsigned long long>(RasterKey(z, number)));
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
  WriteFragmentOfFace(launch.view, launch.mesh, x, y, to, i);
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
