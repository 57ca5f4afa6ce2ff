// Puts the rasterizer's kernels on the current stream of their device.

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include "server/engine/cuda/raster.h"

namespace phosphene {
namespace {

cudaStream_t StreamOf(int device) {
  return c10::cuda::getCurrentCUDAStream(static_cast<c10::DeviceIndex>(device))
      .stream();
}

const char* Said(cudaError_t error) {
  C10_CUDA_CHECK(error);
  return nullptr;
}

}  // namespace

const char* LaunchRasterKeys(const RasterLaunch& launch, uint64_t* keys) {
  return Said(RunRasterKeys(launch, keys, StreamOf(launch.device)));
}

const char* LaunchRasterFragments(const RasterLaunch& launch,
                                  int64_t first_pixel, int64_t begin,
                                  int64_t end, const FragmentArrays& to) {
  return Said(RunRasterFragments(launch, first_pixel, begin, end, to,
                                 StreamOf(launch.device)));
}

}  // namespace phosphene
