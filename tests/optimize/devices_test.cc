#include "server/engine/optimize/devices.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

TEST(Devices, TheCpuComesFirstWithNameAndMemory) {
  const std::vector<EngineDevice> devices = ListEngineDevices(0);
  ASSERT_GE(devices.size(), 1u);
  EXPECT_EQ(devices[0].name, "cpu:0");
  EXPECT_EQ(devices[0].kind, v1::Device::CPU);
  EXPECT_FALSE(devices[0].description.empty());
  EXPECT_GT(devices[0].memory_bytes, 1 << 20);
  EXPECT_EQ(devices[0].threads, UsableCores());
  EXPECT_EQ(ListEngineDevices(3)[0].threads, 3);
}

TEST(Devices, ListedNamesAreTorchs) {
  EXPECT_THAT(TorchDeviceName(""), IsOkAndHolds("cpu"));
  EXPECT_THAT(TorchDeviceName("cpu:0"), IsOkAndHolds("cpu"));
}

TEST(Devices, AnUnknownNameIsAnsweredWithThoseThereAre) {
  EXPECT_THAT(TorchDeviceName("tpu:7"),
              StatusIs(absl::StatusCode::kInvalidArgument, "cpu:0"));
}

}  // namespace
}  // namespace phosphene
