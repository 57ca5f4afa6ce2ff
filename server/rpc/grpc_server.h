#pragma once

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/rpc/acceptor.h"
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
  struct Options {
    BoundAddress address;
    std::shared_ptr<grpc::ServerCredentials> credentials;
    // Borrowed; must outlive the server.
    std::vector<grpc::Service*> services;
    std::vector<std::string> service_names;
    // What messages on their way in and out may take, all connections
    // together; beyond it gRPC slows its peers down and then drops calls.
    int64_t buffer_bytes = int64_t{256} << 20;
  };
  // INTERNAL when gRPC does not start.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(Options options);
  // As Shutdown at once.
  ~GrpcServer();

  // What clients dial.
  const std::string& address() const { return address_; }

  // Health says SERVING or NOT_SERVING, for every name.
  void SetServing(bool serving);

  // Refuses new calls; ends open ones with UNAVAILABLE after `grace`. Returns
  // when all have ended. Idempotent.
  void Shutdown(absl::Duration grace);

 private:
  GrpcServer(std::shared_ptr<grpc::ServerCredentials> credentials,
             std::unique_ptr<grpc::Server> server, std::string address,
             std::string unix_path);

  // The server asks them for certificates until it is gone.
  const std::shared_ptr<grpc::ServerCredentials> credentials_;
  const std::unique_ptr<grpc::Server> server_;
  const std::string address_;
  const std::string unix_path_;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace phosphene
