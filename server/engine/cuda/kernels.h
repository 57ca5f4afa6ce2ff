#pragma once

#include <cuda_runtime_api.h>

#include "server/engine/cuda/launch.h"

namespace phosphene {

// The launches on a given stream; in the .cu files, which know no torch.
cudaError_t RunWarpForward(const WarpLaunch& warp, const float* in,
                           const BatchStrides& in_strides, float* out,
                           const BatchStrides& out_strides,
                           cudaStream_t stream);
cudaError_t RunWarpBackward(const WarpLaunch& warp, const float* grad_out,
                            const BatchStrides& out_strides, float* stage,
                            float* grad_in, const BatchStrides& in_strides,
                            cudaStream_t stream);
cudaError_t RunAdam(const AdamSettings& settings, const AdamScalars* scalars,
                    int64_t count, float* value, const float* gradient,
                    float* mean, float* square, cudaStream_t stream);

}  // namespace phosphene
