// The gRPC server: its arguments, plugins, and connections from our acceptor.
#include "server/rpc/grpc_server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <utility>

#include "server/base/status_macros.h"
#include "server/rpc/grpc_log.h"

namespace phosphene {
namespace {

// Calls open at once on a connection.
constexpr int kMaxStreams = 1000;
constexpr int kPingTimeoutMilliseconds = 60'000;

// Health and reflection are plugins of the process, not of a server.
void InstallPlugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    RouteGrpcLog();
    // Never undone: when the last user of the library goes, it waits up to
    // 10 s for a poller of its own, which would be the end of every drain.
    grpc_init();
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

void SetChannelArguments(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
  // A vanished client is noticed; the long timeout spares one that reads
  // slowly, for it answers pings late as well.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             kPingTimeoutMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // One that does nothing gives its descriptor back; clients dial again by
  // themselves when they have something to say.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 15 * 60'000);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 20'000);
}

// What gRPC sets on connections it accepts itself. TCP gives a peer that
// acknowledges nothing as long as a ping.
void SetSocketOptions(const FileDescriptor& connection) {
  const int yes = 1;
  const unsigned timeout = kPingTimeoutMilliseconds;
  // Both fail on Unix sockets, which need neither.
  ::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  ::setsockopt(connection.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout,
               sizeof(timeout));
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(Options options) {
  InstallPlugins();
  grpc::ServerBuilder builder;
  SetChannelArguments(builder);
  grpc::ResourceQuota quota("phosphened");
  quota.Resize(static_cast<size_t>(options.buffer_bytes));
  builder.SetResourceQuota(quota);
  const std::shared_ptr<grpc::experimental::ExternalConnectionAcceptor> inlet =
      builder.experimental().AddExternalConnectionAcceptor(
          grpc::ServerBuilder::experimental_type::ExternalConnectionType::
              FROM_FD,
          options.credentials);
  for (grpc::Service* service : options.services)
    builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return absl::InternalError("gRPC does not start");
  std::unique_ptr<GrpcServer> made(
      new GrpcServer(std::move(options.credentials), std::move(server),
                     std::move(options.address.dialled),
                     std::move(options.address.unix_path)));
  // A name never set is NOT_FOUND, so each is said once.
  for (const std::string& name : options.service_names) {
    made->server_->GetHealthCheckService()->SetServingStatus(name, true);
  }
  ASSIGN_OR_RETURN(
      made->acceptor_,
      Acceptor::Start({.sockets = std::move(options.address.sockets),
                       .take = [inlet](FileDescriptor connection) {
                         SetSocketOptions(connection);
                         grpc::experimental::ExternalConnectionAcceptor::
                             NewConnectionParameters parameters;
                         parameters.fd = connection.Release();
                         inlet->HandleNewConnection(&parameters);
                       }}));
  return made;
}

GrpcServer::GrpcServer(std::shared_ptr<grpc::ServerCredentials> credentials,
                       std::unique_ptr<grpc::Server> server,
                       std::string address, std::string unix_path)
    : credentials_(std::move(credentials)),
      server_(std::move(server)),
      address_(std::move(address)),
      unix_path_(std::move(unix_path)) {}

GrpcServer::~GrpcServer() { Shutdown(absl::ZeroDuration()); }

void GrpcServer::SetServing(bool serving) {
  server_->GetHealthCheckService()->SetServingStatus(serving);
}

void GrpcServer::Shutdown(absl::Duration grace) {
  if (acceptor_ != nullptr && !acceptor_->stopped()) {
    // While it listens the name is its own: nobody else could take it.
    if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
    acceptor_->Stop();
  }
  server_->Shutdown(std::chrono::system_clock::now() +
                    absl::ToChronoMilliseconds(grace));
}

}  // namespace phosphene
