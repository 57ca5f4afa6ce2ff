#pragma once

#include <cstdint>
#include <vector>

#include "server/engine/engine.h"

namespace phosphene {

// GPUs this build can use: "cuda:0" .... Empty when built without CUDA or when
// no driver answers. Torch-free header; two implementations,
// cuda_devices_cuda.cc and cuda_devices_stub.cc. Thread-safe.
std::vector<EngineDevice> CudaDevices();

// Bytes of a GPU's memory in use by this process's tensors; 0 without CUDA.
int64_t CudaMemoryInUse(int index);

// Once, before the first run on a GPU: TF32 convolutions and matrix products
// (the parameters and the optimizer stay fp32), cuDNN benchmark off so that
// the same spec picks the same algorithm.
void ConfigureCuda();

}  // namespace phosphene
