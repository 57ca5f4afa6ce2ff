// GPUs as libtorch sees them, and its settings for them.

#include <ATen/Context.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>

#include "absl/strings/str_cat.h"
#include "server/engine/cuda/cuda_devices.h"

namespace phosphene {

std::vector<EngineDevice> CudaDevices() {
  std::vector<EngineDevice> devices;
  // Never throws: 0 where no driver answers.
  const int count = c10::cuda::device_count();
  for (int i = 0; i < count; ++i) {
    const cudaDeviceProp* properties =
        at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(i));
    EngineDevice device;
    device.name = absl::StrCat("cuda:", i);
    device.description = properties->name;
    device.kind = v1::Device::CUDA;
    device.memory_bytes = static_cast<int64_t>(properties->totalGlobalMem);
    devices.push_back(device);
  }
  return devices;
}

int64_t CudaMemoryInUse(int index) {
  const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(
      static_cast<c10::DeviceIndex>(index));
  return stats.reserved_bytes[0].current;
}

void ConfigureCuda() {
  at::globalContext().setAllowTF32CuDNN(true);
  at::globalContext().setAllowTF32CuBLAS(true);
  at::globalContext().setBenchmarkCuDNN(false);
  at::globalContext().setDeterministicCuDNN(true);
}

}  // namespace phosphene
