#include "server/rpc/system_service.h"

#include "tests/rpc/service_fixture.h"

namespace phosphene {
namespace {

class SystemServiceTest : public ServiceFixture {
 protected:
  SystemServiceTest() { Start(); }
};

TEST_F(SystemServiceTest,
       CapabilitiesTellTheVersionAndTheLimitsRequestsAreHeldTo) {
  v1::Capabilities capabilities;
  ASSERT_THAT(system_->GetCapabilities(Context().get(), {}, &capabilities),
              Succeeds());
  EXPECT_EQ(capabilities.version(), "0.1.0");
  EXPECT_EQ(capabilities.limits().max_blob_bytes(), config_.max_blob_bytes());
  EXPECT_EQ(capabilities.limits().max_priority(), 100);
  EXPECT_GT(capabilities.limits().max_spec_bytes(), 1 << 20);
}

TEST_F(SystemServiceTest, DevicesTellTheJobsThatRunOnThem) {
  Gate& gate = NewGate();
  engine_->OnStep(1, [&] { gate.Wait(); });
  v1::ListDevicesResponse devices;
  ASSERT_THAT(system_->ListDevices(Context().get(), {}, &devices), Succeeds());
  ASSERT_EQ(devices.devices_size(), 1);
  EXPECT_EQ(devices.devices(0).name(), "devices/cpu-0");
  EXPECT_EQ(devices.devices(0).current_job(), "");
  EXPECT_EQ(devices.devices(0).current_jobs_size(), 0);
  EXPECT_EQ(devices.devices(0).lanes(), 1);
  Submit(2, "busy");
  gate.AwaitArrival();
  ASSERT_THAT(system_->ListDevices(Context().get(), {}, &devices), Succeeds());
  EXPECT_EQ(devices.devices(0).current_job(), "jobs/busy");
  EXPECT_THAT(devices.devices(0).current_jobs(),
              testing::ElementsAre("jobs/busy"));
  gate.Open();
}

}  // namespace
}  // namespace phosphene
