// Errors as they travel through the client, and the exit code each ends in.

#include "client/base/failure.h"

#include <grpcpp/support/status.h>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace phosphene::client {
namespace {

constexpr absl::string_view kDetailsUrl = "google.rpc.Status";
constexpr absl::string_view kJobUrl = "phosphene/job-error";

google::rpc::Status DetailsOf(const absl::Status& status) {
  google::rpc::Status details;
  const absl::optional<absl::Cord> payload = status.GetPayload(kDetailsUrl);
  if (payload.has_value()) details.ParseFromString(std::string(*payload));
  return details;
}

template <typename Message>
Message DetailOf(const absl::Status& status) {
  Message message;
  const google::rpc::Status details = DetailsOf(status);
  for (const google::protobuf::Any& any : details.details()) {
    if (any.Is<Message>()) any.UnpackTo(&message);
  }
  return message;
}

}  // namespace

absl::Status UsageError(absl::string_view message) {
  return absl::InvalidArgumentError(message);
}

absl::Status FlagError(absl::string_view flag, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", message));
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status out(static_cast<absl::StatusCode>(status.error_code()),
                   status.error_message());
  if (!status.error_details().empty())
    out.SetPayload(kDetailsUrl, absl::Cord(status.error_details()));
  return out;
}

absl::Status WithMessage(const absl::Status& status,
                         absl::string_view message) {
  absl::Status out(status.code(), message);
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    out.SetPayload(url, payload);
  });
  return out;
}

absl::Status AtField(absl::string_view field, const absl::Status& status) {
  absl::Status out(status.code(), absl::StrCat(field, ": ", status.message()));
  google::rpc::BadRequest bad;
  auto* violation = bad.add_field_violations();
  violation->set_field(std::string(field));
  violation->set_description(std::string(status.message()));
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(out.message()));
  details.add_details()->PackFrom(bad);
  out.SetPayload(kDetailsUrl, absl::Cord(details.SerializeAsString()));
  return out;
}

absl::Status FromJobError(const google::rpc::Status& error) {
  const auto code = static_cast<absl::StatusCode>(error.code());
  absl::Status out(
      code == absl::StatusCode::kOk ? absl::StatusCode::kUnknown : code,
      error.message());
  out.SetPayload(kDetailsUrl, absl::Cord(error.SerializeAsString()));
  out.SetPayload(kJobUrl, absl::Cord("1"));
  return out;
}

google::rpc::BadRequest BadRequestOf(const absl::Status& status) {
  return DetailOf<google::rpc::BadRequest>(status);
}

google::rpc::ErrorInfo ErrorInfoOf(const absl::Status& status) {
  return DetailOf<google::rpc::ErrorInfo>(status);
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  if (status.GetPayload(kJobUrl).has_value()) return kExitJobFailed;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kExitUsage;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnreachable;
    case absl::StatusCode::kCancelled:
      return kExitCancelled;
    default:
      return kExitJobFailed;
  }
}

std::string CodeName(absl::StatusCode code) {
  return absl::StatusCodeToString(code);
}

}  // namespace phosphene::client
