// Puts our kernels on the current stream of their device.

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include "server/engine/cuda/kernels.h"
#include "server/engine/cuda/launch.h"

namespace phosphene {
namespace {

cudaStream_t StreamOf(int device) {
  return c10::cuda::getCurrentCUDAStream(static_cast<c10::DeviceIndex>(device))
      .stream();
}

// Thrown as libtorch throws what its own kernels meet, so that one that broke
// the device is known as such.
const char* Said(cudaError_t error) {
  C10_CUDA_CHECK(error);
  return nullptr;
}

}  // namespace

const char* LaunchWarpForward(const WarpLaunch& warp, const float* in,
                              const BatchStrides& in_strides, float* out,
                              const BatchStrides& out_strides) {
  return Said(RunWarpForward(warp, in, in_strides, out, out_strides,
                             StreamOf(warp.device)));
}

const char* LaunchWarpBackward(const WarpLaunch& warp, const float* grad_out,
                               const BatchStrides& out_strides, float* stage,
                               float* grad_in, const BatchStrides& in_strides) {
  return Said(RunWarpBackward(warp, grad_out, out_strides, stage, grad_in,
                              in_strides, StreamOf(warp.device)));
}

const char* LaunchAdam(const AdamSettings& settings, const AdamScalars* scalars,
                       int64_t count, float* value, const float* gradient,
                       float* mean, float* square, int device) {
  return Said(RunAdam(settings, scalars, count, value, gradient, mean, square,
                      StreamOf(device)));
}

}  // namespace phosphene
