// phosphened: flags -> ServerConfig -> Server -> wait for SIGTERM or SIGINT.

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "server/base/descriptors.h"
#include "server/base/log.h"
#include "server/base/protobuf_log.h"
#include "server/config.h"
#include "server/engine/optimize/torch_engine.h"
#include "server/process.h"
#include "server/rpc/grpc_log.h"
#include "server/server.h"

namespace {

// Exit statuses, as the client's: 0 ended well, 1 could not, 2 bad usage.
constexpr int kFailed = 1;
constexpr int kUsage = 2;

int Complain(const absl::Status& status, int exit_status) {
  std::fprintf(stderr, "phosphened: %s\n",
               std::string(status.message()).c_str());
  return exit_status;
}

}  // namespace

int main(int argc, char** argv) {
  phosphene::TerminationSignals signals;
  phosphene::NameProcess("phosphened");
  phosphene::RouteProtobufLog();
  phosphene::RouteGrpcLog();
  phosphene::RaiseDescriptorLimit();
  const auto line = phosphene::ParseCommandLine(argc, argv);
  if (!line.ok()) return Complain(line.status(), kUsage);
  if (!line->print.empty()) {
    std::fputs(line->print.c_str(), stdout);
    return 0;
  }
  // What AUTO measured on this machine stays with the data.
  const std::string precisions = line->config.data() + "/precisions.tsv";
  auto server = phosphene::Server::Create(
      line->config, [&](phosphene::EngineInputs inputs, int threads) {
        return phosphene::MakeTorchEngine(
            std::move(inputs),
            {.threads = threads, .precision_file = precisions});
      });
  if (!server.ok()) return Complain(server.status(), kFailed);
  const std::string metrics = (*server)->metrics_address();
  std::printf("phosphened serving on %s (data %s, http %s%s)\n",
              (*server)->address().c_str(), line->config.data().c_str(),
              (*server)->http_address().c_str(),
              metrics == "off" ? "" : (", metrics " + metrics).c_str());
  std::fflush(stdout);

  signals.Wait();
  phosphene::LogInfo("ending: running jobs are checkpointed and handed back");
  // The drain, and as much again for the last calls and writes.
  signals.ExitOnNext(absl::Seconds(line->config.drain_seconds() + 15));
  const absl::Status stopped = (*server)->Stop();
  if (!stopped.ok()) {
    // Its destructor would wait for the runs that did not stop.
    Complain(stopped, kFailed);
    ::_exit(kFailed);
  }
  const bool failed = (*server)->needs_restart();
  server->reset();
  phosphene::LogInfo("ended");
  return failed ? kFailed : 0;
}
