// A build without CUDA has no kernels; nobody should get here.

#include "server/engine/cuda/launch.h"

namespace phosphene {
namespace {
constexpr char kAbsent[] = "this build has no CUDA";
}

const char* LaunchWarpForward(const WarpLaunch& warp, const float* in,
                              const BatchStrides& in_strides, float* out,
                              const BatchStrides& out_strides) {
  return kAbsent;
}
const char* LaunchWarpBackward(const WarpLaunch& warp, const float* grad_out,
                               const BatchStrides& out_strides, float* stage,
                               float* grad_in, const BatchStrides& in_strides) {
  return kAbsent;
}
const char* LaunchAdam(const AdamSettings& settings, const AdamScalars* scalars,
                       int64_t count, float* value, const float* gradient,
                       float* mean, float* square, int device) {
  return kAbsent;
}

}  // namespace phosphene
