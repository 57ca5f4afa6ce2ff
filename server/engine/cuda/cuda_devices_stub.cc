// A build without CUDA has no GPU.

#include "server/engine/cuda/cuda_devices.h"

namespace phosphene {

std::vector<EngineDevice> CudaDevices() { return {}; }
int64_t CudaMemoryInUse(int index) { return 0; }
void ConfigureCuda() {}

}  // namespace phosphene
