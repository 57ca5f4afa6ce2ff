// SystemService: what the engine can do, within which limits, on which devices.
#include "server/rpc/system_service.h"

#include <utility>

namespace phosphene {
namespace {

constexpr RpcMethod Unary(const char* name) {
  return {"phosphene.v1.SystemService", name, "unary"};
}

}  // namespace

SystemServiceImpl::SystemServiceImpl(const RpcEnvironment& env, Options options)
    : env_(env), options_(std::move(options)) {}

grpc::ServerUnaryReactor* SystemServiceImpl::GetCapabilities(
    grpc::CallbackServerContext* context,
    const v1::GetCapabilitiesRequest* request, v1::Capabilities* response) {
  return RunUnary(env_, Unary("GetCapabilities"), context, *request,
                  *env_.quick, [this, response](const Caller&) {
                    *response = options_.engine->Capabilities();
                    response->set_version(options_.version);
                    *response->mutable_limits() = options_.limits;
                    return absl::OkStatus();
                  });
}

grpc::ServerUnaryReactor* SystemServiceImpl::ListDevices(
    grpc::CallbackServerContext* context, const v1::ListDevicesRequest* request,
    v1::ListDevicesResponse* response) {
  return RunUnary(env_, Unary("ListDevices"), context, *request, *env_.quick,
                  [this, response](const Caller&) {
                    for (v1::Device& device : options_.scheduler->Devices()) {
                      *response->add_devices() = std::move(device);
                    }
                    return absl::OkStatus();
                  });
}

}  // namespace phosphene
