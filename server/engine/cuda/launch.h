#pragma once

#include <cstdint>

#include "server/engine/cuda/adam_math.h"
#include "server/engine/cuda/warp_math.h"

namespace phosphene {

// Kernels of the engine's own, started on the current stream of the GPU that
// holds their memory. Free of torch and CUDA types; two implementations,
// launch_cuda.cc with the .cu files and launch_stub.cc. All pointers are
// to device memory; launches do not wait. Each returns null, or what is
// missing; throws c10::AcceleratorError.

// A batch of images: element (n, c, y, x) is
// data[n * image + c * channel + y * row + x * pixel].
struct BatchStrides {
  int64_t image = 0, channel = 0, row = 0, pixel = 1;
};

// A warp of a batch.
struct WarpLaunch {
  WarpLayout layout;
  const int32_t* tables = nullptr;  // a block per row, or one for all
  bool per_row = false;
  bool is_alpha = false;  // every fill is 0, else in a fourth of 4 channels
  int32_t rows = 0;
  int32_t channels = 0;
  int device = 0;
};

// `out` from `in`.
const char* LaunchWarpForward(const WarpLaunch& warp, const float* in,
                              const BatchStrides& in_strides, float* out,
                              const BatchStrides& out_strides);
// Overwrites grad_in. `stage` is scratch of
// [rows, channels, stage_height, stage_width] floats, unused without rotation.
// Deterministic: gathers only.
const char* LaunchWarpBackward(const WarpLaunch& warp, const float* grad_out,
                               const BatchStrides& out_strides, float* stage,
                               float* grad_in, const BatchStrides& in_strides);

// One Adam step of `count` contiguous elements; `scalars` lies on the device.
const char* LaunchAdam(const AdamSettings& settings, const AdamScalars* scalars,
                       int64_t count, float* value, const float* gradient,
                       float* mean, float* square, int device);

}  // namespace phosphene
