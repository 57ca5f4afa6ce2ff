// `health`: asks grpc.health.v1 whether a server serves, for probes.

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/json.h"
#include "client/commands/commands.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// Probes of containers wait no longer, as a rule.
constexpr absl::Duration kTimeout = absl::Seconds(5);

absl::Status Run(Session& session, const std::string& service) {
  ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  HealthCheckRequest request;
  request.set_service(service);
  const auto stub = Health::NewStub(connection->channel());
  const absl::StatusOr<HealthCheckResponse> response =
      connection->Call(*stub, &Health::Stub::Check, request, kTimeout);
  if (absl::IsNotFound(response.status())) {
    return FlagError("--service",
                     absl::StrCat("the server at ", connection->address(),
                                  " has no service \"", service, "\""));
  }
  RETURN_IF_ERROR(response.status());
  if (response->status() != HealthCheckResponse::SERVING) {
    return absl::UnavailableError(absl::StrCat(
        "the server at ", connection->address(),
        " does not serve: it starts, or it ends and hands its jobs back"));
  }
  session.Emit(JsonObject().Add("health", "SERVING").Text());
  session.Print("serving");
  return absl::OkStatus();
}

}  // namespace

void AddHealth(CLI::App& app, Dispatch& dispatch) {
  auto service = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(
      "health", "Whether the server serves: exit code 0, else 3; for probes");
  command->add_option("--service", *service,
                      "one service by its full name, such as "
                      "phosphene.v1.JobService [all of them]");
  command->footer("Example:\n  phosphene health --server 127.0.0.1:50051");
  dispatch.On(command,
              [service](Session& session) { return Run(session, *service); });
}

}  // namespace phosphene::client
