// gRPC's own messages, as lines of our log.
#include "server/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include "absl/strings/str_cat.h"
#include "server/base/log.h"

namespace phosphene {
namespace {

void ToLog(gpr_log_func_args* args) {
  const LogLevel level =
      args->severity == GPR_LOG_SEVERITY_ERROR  ? LogLevel::kWarn
      : args->severity == GPR_LOG_SEVERITY_INFO ? LogLevel::kDebug
                                                : LogLevel::kTrace;
  Log(level, "grpc",
      {{"said", args->message},
       {"source", absl::StrCat(args->file, ":", args->line)}});
}

}  // namespace

void RouteGrpcLog() { gpr_set_log_function(ToLog); }

}  // namespace phosphene
