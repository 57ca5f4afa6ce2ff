// absl::Status to grpc::Status with its google.rpc details.
#include "server/rpc/status_to_grpc.h"

#include <google/protobuf/any.pb.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "server/base/faults.h"
#include "server/base/utf8.h"

namespace phosphene {
namespace {

// The message travels twice (percent-encoded in grpc-message, base64 in the
// details) and the faults once more; 8 KB in all. Where there are faults they
// tell more than the message does.
constexpr size_t kMaxMessage = 1000;
constexpr size_t kMaxMessageOfFaults = 500;
constexpr size_t kMaxFaultText = 400;
constexpr size_t kMaxFaultBytes = 3600;
constexpr size_t kMaxReason = 63;
constexpr int kRetrySeconds = 1;

// As many as fit; `info` tells how many there are where some do not.
google::rpc::BadRequest BadRequestOf(const std::vector<Fault>& faults,
                                     google::rpc::ErrorInfo& info) {
  google::rpc::BadRequest bad;
  for (const Fault& fault : faults) {
    google::rpc::BadRequest::FieldViolation violation;
    violation.set_field(ToUtf8(fault.field, kMaxFaultText));
    violation.set_description(ToUtf8(fault.message, kMaxFaultText));
    if (bad.ByteSizeLong() + violation.ByteSizeLong() > kMaxFaultBytes) {
      (*info.mutable_metadata())["faults"] = absl::StrCat(faults.size());
      break;
    }
    *bad.add_field_violations() = std::move(violation);
  }
  return bad;
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status out;
  out.set_code(static_cast<int>(status.code()));
  if (status.ok()) return out;
  const std::vector<Fault> faults = FaultsOf(status);
  out.set_message(ToUtf8(status.message(),
                         faults.empty() ? kMaxMessage : kMaxMessageOfFaults));
  google::rpc::ErrorInfo info;
  const std::string reason = ReasonOf(status);
  info.set_reason(reason.empty() ? absl::StatusCodeToString(status.code())
                                 : ToUtf8(reason, kMaxReason));
  info.set_domain("phosphene");
  const google::rpc::BadRequest bad = BadRequestOf(faults, info);
  out.add_details()->PackFrom(info);
  if (bad.field_violations_size() > 0) out.add_details()->PackFrom(bad);
  if (absl::IsUnavailable(status)) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(kRetrySeconds);
    out.add_details()->PackFrom(retry);
  }
  return out;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status full = ToRpcStatus(status);
  return grpc::Status(static_cast<grpc::StatusCode>(full.code()),
                      full.message(), full.SerializeAsString());
}

}  // namespace phosphene
