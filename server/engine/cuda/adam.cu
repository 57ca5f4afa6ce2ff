// Adam on the GPU: value, gradient and both moments in one pass. Compiled
// without contraction to fused multiply-adds, so that an element has the CPU's
// bits.

#include "server/engine/cuda/kernels.h"

namespace phosphene {
namespace {

constexpr int kThreads = 256;

__global__ void AdamKernel(AdamSettings settings, const AdamScalars* scalars,
                           int64_t count, float* value, const float* gradient,
                           float* mean, float* square) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= count) return;
  value[i] = AdamElement(settings, *scalars, value[i], gradient[i], mean + i,
                         square + i);
}

}  // namespace

cudaError_t RunAdam(const AdamSettings& settings, const AdamScalars* scalars,
                    int64_t count, float* value, const float* gradient,
                    float* mean, float* square, cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>((count + kThreads - 1) / kThreads);
  AdamKernel<<<blocks, kThreads, 0, stream>>>(settings, scalars, count, value,
                                              gradient, mean, square);
  return cudaGetLastError();
}

}  // namespace phosphene
