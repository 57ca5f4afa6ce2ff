#pragma once

namespace phosphene::client {

// Keeps what gRPC and protobuf say on their own off standard error, which is
// ours to write to; with GRPC_VERBOSITY set gRPC speaks, for debugging. For
// the whole process, before the first call.
void SilenceLibraries();

}  // namespace phosphene::client
