#pragma once

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/rpc/listen.h"

namespace phosphene {

// Largest message a client may send; a spec is a few KB, and an upload comes
// in messages of at most 1 MiB. A larger one gets RESOURCE_EXHAUSTED.
inline constexpr int kMaxRequestBytes = 4 << 20;

// The listening gRPC server: the given services, health (each service by its
// name, and "" for all) and reflection. Notices vanished clients within 90 s,
// tolerates pings from 20 s on, 1000 calls a connection. Thread-safe.
class GrpcServer {
 public:
  // Services are borrowed and must outlive this. FAILED_PRECONDITION: the
  // address is in use or is not this machine's.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(
      const ListenAddress& address,
      std::shared_ptr<grpc::ServerCredentials> credentials,
      const std::vector<grpc::Service*>& services,
      const std::vector<std::string>& service_names);
  // As Shutdown at once.
  ~GrpcServer();

  // What clients dial: HOST:PORT with the port it got, or unix:PATH.
  const std::string& address() const { return address_; }

  // Health says SERVING or NOT_SERVING, for every name.
  void SetServing(bool serving);

  // Refuses new calls; ends open ones with UNAVAILABLE after `grace`. Returns
  // when all have ended. Idempotent.
  void Shutdown(absl::Duration grace);

 private:
  GrpcServer(std::unique_ptr<grpc::Server> server, std::string address);

  const std::unique_ptr<grpc::Server> server_;
  const std::string address_;
};

}  // namespace phosphene
