// Warps on the GPU: a thread per pixel. Compiled without contraction to fused
// multiply-adds, so that a pixel has the CPU's bits.

#include "server/engine/cuda/kernels.h"

namespace phosphene {
namespace {

constexpr int kThreads = 256;

// A pixel of a batch of `height` x `width`, from a flat number.
struct Place {
  int32_t row, channel, y, x;
};
__device__ inline Place PlaceOf(int64_t number, int32_t channels,
                                int32_t height, int32_t width) {
  Place place;
  place.x = static_cast<int32_t>(number % width);
  number /= width;
  place.y = static_cast<int32_t>(number % height);
  number /= height;
  place.channel = static_cast<int32_t>(number % channels);
  place.row = static_cast<int32_t>(number / channels);
  return place;
}

__device__ inline WarpTables TablesOf(const WarpLaunch& warp,
                                      const Place& place) {
  const int64_t block = warp.per_row ? place.row : 0;
  const bool transparent =
      warp.is_alpha || (warp.channels == 4 && place.channel == 3);
  return WarpTables(warp.layout, warp.tables + block * warp.layout.words,
                    transparent);
}

__device__ inline int64_t PlaneOf(const BatchStrides& strides,
                                  const Place& place) {
  return place.row * strides.image + place.channel * strides.channel;
}

__global__ void ForwardKernel(WarpLaunch warp, const float* in,
                              BatchStrides in_strides, float* out,
                              BatchStrides out_strides, int64_t count) {
  const int64_t number = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (number >= count) return;
  const WarpShape& s = warp.layout.shape;
  const Place p = PlaceOf(number, warp.channels, s.out_height, s.out_width);
  const WarpTables tables = TablesOf(warp, p);
  out[PlaneOf(out_strides, p) + p.y * out_strides.row +
      p.x * out_strides.pixel] =
      WarpPixel(tables, in + PlaneOf(in_strides, p),
                {in_strides.row, in_strides.pixel}, p.y, p.x);
}

__global__ void StageGradientKernel(WarpLaunch warp, const float* grad_out,
                                    BatchStrides out_strides, float* stage,
                                    int64_t count) {
  const int64_t number = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (number >= count) return;
  const WarpShape& s = warp.layout.shape;
  const Place p = PlaceOf(number, warp.channels, s.stage_height, s.stage_width);
  stage[number] =
      WarpStageGradient(TablesOf(warp, p), grad_out + PlaneOf(out_strides, p),
                        {out_strides.row, out_strides.pixel}, p.y, p.x);
}

__global__ void InputGradientKernel(WarpLaunch warp, const float* stage,
                                    BatchStrides stage_strides, float* grad_in,
                                    BatchStrides in_strides, int64_t count) {
  const int64_t number = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (number >= count) return;
  const WarpShape& s = warp.layout.shape;
  const Place p = PlaceOf(number, warp.channels, s.in_height, s.in_width);
  grad_in[PlaneOf(in_strides, p) + p.y * in_strides.row +
          p.x * in_strides.pixel] =
      WarpInputGradient(TablesOf(warp, p), stage + PlaneOf(stage_strides, p),
                        {stage_strides.row, stage_strides.pixel}, p.y, p.x);
}

int64_t PixelsOf(const WarpLaunch& warp, int32_t height, int32_t width) {
  return int64_t{warp.rows} * warp.channels * height * width;
}

unsigned BlocksFor(int64_t count) {
  return static_cast<unsigned>((count + kThreads - 1) / kThreads);
}

}  // namespace

cudaError_t RunWarpForward(const WarpLaunch& warp, const float* in,
                           const BatchStrides& in_strides, float* out,
                           const BatchStrides& out_strides,
                           cudaStream_t stream) {
  const WarpShape& s = warp.layout.shape;
  const int64_t count = PixelsOf(warp, s.out_height, s.out_width);
  ForwardKernel<<<BlocksFor(count), kThreads, 0, stream>>>(
      warp, in, in_strides, out, out_strides, count);
  return cudaGetLastError();
}

cudaError_t RunWarpBackward(const WarpLaunch& warp, const float* grad_out,
                            const BatchStrides& out_strides, float* stage,
                            float* grad_in, const BatchStrides& in_strides,
                            cudaStream_t stream) {
  const WarpShape& s = warp.layout.shape;
  const float* from = grad_out;
  BatchStrides from_strides = out_strides;
  if (s.taps > 0) {
    const int64_t plane = int64_t{s.stage_height} * s.stage_width;
    const int64_t count = PixelsOf(warp, s.stage_height, s.stage_width);
    StageGradientKernel<<<BlocksFor(count), kThreads, 0, stream>>>(
        warp, grad_out, out_strides, stage, count);
    from = stage;
    from_strides = {warp.channels * plane, plane, s.stage_width, 1};
  }
  const int64_t count = PixelsOf(warp, s.in_height, s.in_width);
  InputGradientKernel<<<BlocksFor(count), kThreads, 0, stream>>>(
      warp, from, from_strides, grad_in, in_strides, count);
  return cudaGetLastError();
}

}  // namespace phosphene
