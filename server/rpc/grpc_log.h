#pragma once

namespace phosphene {

// Sends what gRPC says on its own to the log instead of stderr: its errors as
// warnings, the rest at levels debug and trace (GRPC_VERBOSITY lets it speak).
// For the whole process, before gRPC is used; calling again does nothing.
void RouteGrpcLog();

}  // namespace phosphene
