#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace phosphene {

// The google.rpc.Status of an error: code, message, ErrorInfo{reason, domain
// "phosphene"}, for faults of fields a BadRequest, for UNAVAILABLE a RetryInfo
// of one second. The reason is ReasonOf(status), else the code's name. Text is
// cut and made valid UTF-8 so that it fits the 8 KB of HTTP/2 trailers.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// The same as what a call ends with: details in `grpc-status-details-bin`.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace phosphene
