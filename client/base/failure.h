#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace grpc {
class Status;
}  // namespace grpc

namespace phosphene::client {

// What the process exits with; part of the manual (docs/cli.md).
enum ExitCode {
  kExitOk = 0,
  kExitJobFailed = 1,    // the job failed, or the server or this machine did
  kExitUsage = 2,        // the request is wrong: flags, spec, names
  kExitUnreachable = 3,  // no server answers
  kExitCancelled = 4,    // the job was cancelled
};

// Errors travel through the client as absl::Status; the details a server sent
// (google.rpc.Status) ride along as a payload.

// An error of the command line or a spec: INVALID_ARGUMENT, exit code 2.
absl::Status UsageError(absl::string_view message);

// The same about one flag: "--size: message".
absl::Status FlagError(absl::string_view flag, absl::string_view message);

// The status of an rpc with the details the server sent.
absl::Status FromGrpc(const grpc::Status& status);

// The same status, details included, with another message.
absl::Status WithMessage(const absl::Status& status, absl::string_view message);

// The same status as of a field of the request, as a server tells it: "field:
// message" with a google.rpc.BadRequest, so that it is named by its flag.
absl::Status AtField(absl::string_view field, const absl::Status& status);

// The status of a job that FAILED (Job.error), exit code 1 whatever its code.
absl::Status FromJobError(const google::rpc::Status& error);

// Details a server attached; empty messages where there are none.
google::rpc::BadRequest BadRequestOf(const absl::Status& status);
google::rpc::ErrorInfo ErrorInfoOf(const absl::Status& status);

// By code: INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, OUT_OF_RANGE,
// UNIMPLEMENTED, UNAUTHENTICATED, PERMISSION_DENIED are usage; UNAVAILABLE,
// DEADLINE_EXCEEDED unreachable; CANCELLED cancelled; everything else, and
// every FromJobError, 1.
ExitCode ExitCodeOf(const absl::Status& status);

// The name of a code as in the API, "INVALID_ARGUMENT".
std::string CodeName(absl::StatusCode code);

}  // namespace phosphene::client
