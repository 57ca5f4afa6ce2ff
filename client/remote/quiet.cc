// Libraries that would write to the user's terminal are told not to.

#include "client/remote/quiet.h"

#include <grpc/support/log.h>

#include <cstdlib>

#include "server/base/protobuf_log.h"

namespace phosphene::client {

void SilenceLibraries() {
  RouteProtobufLog();
  if (std::getenv("GRPC_VERBOSITY") != nullptr) return;
  gpr_set_log_function([](gpr_log_func_args*) {});
}

}  // namespace phosphene::client
