// Prints the GPUs the CUDA branch sees. Built wherever nvcc is: that it links
// is the check on machines without a GPU.

#include <cstdio>

#include "server/engine/cuda/cuda_devices.h"

int main() {
  for (const phosphene::EngineDevice& device : phosphene::CudaDevices()) {
    std::printf("%s %s\n", device.name.c_str(), device.description.c_str());
  }
  return 0;
}
