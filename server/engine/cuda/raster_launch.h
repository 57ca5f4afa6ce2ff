#pragma once

#include <cstdint>

#include "server/engine/cuda/fragment_math.h"

namespace phosphene {

// The rasterizer on a GPU, on the current stream; see kernels.h for the manner.
// All pointers but the launch itself are to device memory.
struct RasterLaunch {
  RasterView view;
  RasterGeometry mesh;
  int device = 0;
};

// Raises keys[y * width + x] to the key of the triangle each pixel shows: the
// bits of 1/w, then 2^32 - 1 less the triangle's number, so that the largest is
// the nearest and, of the same depth, the first triangle. Keys begin at 0,
// which is background. Deterministic: a maximum, in whatever order.
const char* LaunchRasterKeys(const RasterLaunch& launch, uint64_t* keys);

// Writes fragments `begin`..`end`-1 of `to`, whose pixel and face are given;
// `first_pixel` is the number of the view's pixel (0, 0).
const char* LaunchRasterFragments(const RasterLaunch& launch,
                                  int64_t first_pixel, int64_t begin,
                                  int64_t end, const FragmentArrays& to);

}  // namespace phosphene
