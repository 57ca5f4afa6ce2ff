#pragma once

#include <string>

#include "phosphene/v1/system_service.grpc.pb.h"
#include "server/engine/engine.h"
#include "server/rpc/call.h"
#include "server/scheduler/scheduler.h"

namespace phosphene {

// v1.SystemService: what the engine can do, within which limits, on which
// devices. Thread-safe.
class SystemServiceImpl final : public v1::SystemService::CallbackService {
 public:
  struct Options {
    // Borrowed; must outlive the gRPC server.
    const Engine* engine = nullptr;
    const Scheduler* scheduler = nullptr;
    std::string version;
    v1::Limits limits;
  };
  SystemServiceImpl(const RpcEnvironment& env, Options options);

  grpc::ServerUnaryReactor* GetCapabilities(
      grpc::CallbackServerContext* context,
      const v1::GetCapabilitiesRequest* request,
      v1::Capabilities* response) override;
  grpc::ServerUnaryReactor* ListDevices(
      grpc::CallbackServerContext* context,
      const v1::ListDevicesRequest* request,
      v1::ListDevicesResponse* response) override;

 private:
  const RpcEnvironment env_;
  const Options options_;
};

}  // namespace phosphene
