#pragma once

#include <cuda_runtime_api.h>

#include "server/engine/cuda/raster_launch.h"

namespace phosphene {

// The launches on a given stream; in raster.cu, which knows no torch.
cudaError_t RunRasterKeys(const RasterLaunch& launch, uint64_t* keys,
                          cudaStream_t stream);
cudaError_t RunRasterFragments(const RasterLaunch& launch, int64_t first_pixel,
                               int64_t begin, int64_t end,
                               const FragmentArrays& to, cudaStream_t stream);

}  // namespace phosphene
