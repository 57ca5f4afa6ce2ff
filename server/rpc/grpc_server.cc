#include "server/rpc/grpc_server.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>
#include <sys/stat.h>

#include <chrono>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/log.h"

namespace phosphene {
namespace {

// Calls open at once on a connection.
constexpr int kMaxStreams = 1000;

// gRPC's own messages, as lines of our log.
void LogFromGrpc(gpr_log_func_args* args) {
  const LogLevel level =
      args->severity == GPR_LOG_SEVERITY_ERROR  ? LogLevel::kWarn
      : args->severity == GPR_LOG_SEVERITY_INFO ? LogLevel::kDebug
                                                : LogLevel::kTrace;
  Log(level, "grpc", {{"message", args->message}});
}

// Health and reflection are plugins of the process, not of a server.
void InstallPlugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    gpr_set_log_function(LogFromGrpc);
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
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // One that does nothing gives its descriptor back; clients dial again by
  // themselves when they have something to say.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 15 * 60'000);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 20'000);
  // Without this a second server on the same port starts and takes half the
  // calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const ListenAddress& address,
    std::shared_ptr<grpc::ServerCredentials> credentials,
    const std::vector<grpc::Service*>& services,
    const std::vector<std::string>& service_names) {
  InstallPlugins();
  grpc::ServerBuilder builder;
  SetChannelArguments(builder);
  int port = 0;
  builder.AddListeningPort(address.text, std::move(credentials), &port);
  for (grpc::Service* service : services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return WithReason(absl::FailedPreconditionError(
                          absl::StrCat("cannot listen on ", address.text,
                                       ": it is in use, not this machine's, or "
                                       "the certificates do not fit")),
                      "CANNOT_LISTEN");
  }
  std::string dialled = address.text;
  if (address.unix_path.empty()) {
    dialled = absl::StrCat(address.host, ":", port);
  } else {
    ::chmod(address.unix_path.c_str(), 0600);  // who may dial may do everything
  }
  auto made = std::unique_ptr<GrpcServer>(
      new GrpcServer(std::move(server), std::move(dialled)));
  // A name never set is NOT_FOUND, so each is said once.
  for (const std::string& name : service_names) {
    made->server_->GetHealthCheckService()->SetServingStatus(name, true);
  }
  return made;
}

GrpcServer::GrpcServer(std::unique_ptr<grpc::Server> server,
                       std::string address)
    : server_(std::move(server)), address_(std::move(address)) {}

GrpcServer::~GrpcServer() { Shutdown(absl::ZeroDuration()); }

void GrpcServer::SetServing(bool serving) {
  server_->GetHealthCheckService()->SetServingStatus(serving);
}

void GrpcServer::Shutdown(absl::Duration grace) {
  server_->Shutdown(std::chrono::system_clock::now() +
                    absl::ToChronoMilliseconds(grace));
}

}  // namespace phosphene
