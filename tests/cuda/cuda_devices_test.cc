#include "server/engine/cuda/cuda_devices.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace phosphene {
namespace {

// Holds for both implementations: without CUDA, or without a GPU, there is
// nothing to list.
TEST(CudaDevicesTest, DevicesAreNumberedAndHaveMemory) {
  const std::vector<EngineDevice> devices = CudaDevices();
  for (size_t i = 0; i < devices.size(); ++i) {
    EXPECT_EQ(devices[i].name, absl::StrCat("cuda:", i));
    EXPECT_EQ(devices[i].kind, v1::Device::CUDA);
    EXPECT_GT(devices[i].memory_bytes, 0);
  }
}

TEST(CudaDevicesTest, NoMemoryIsInUseBeforeTheFirstTensor) {
  if (CudaDevices().empty()) {
    EXPECT_EQ(CudaMemoryInUse(0), 0);
    ConfigureCuda();  // has nothing to set
    EXPECT_TRUE(CudaDevices().empty());
  } else {
    EXPECT_GE(CudaMemoryInUse(0), 0);
  }
}

}  // namespace
}  // namespace phosphene
