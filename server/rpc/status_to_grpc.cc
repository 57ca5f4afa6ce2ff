// absl::Status to grpc::Status with its google.rpc details.
#include "server/rpc/status_to_grpc.h"

#include <google/protobuf/any.pb.h>

#include <string>

#include "google/rpc/error_details.pb.h"
#include "server/base/faults.h"
#include "server/base/utf8.h"

namespace phosphene {
namespace {

// The message travels twice (percent-encoded in grpc-message, base64 in the
// details) and the faults once more; 8 KB in all.
constexpr size_t kMaxMessage = 1000;
constexpr size_t kMaxFaultText = 400;
constexpr size_t kAllFaultText = 2000;
constexpr size_t kMaxReason = 63;
constexpr int kRetrySeconds = 1;

void AddFaults(const absl::Status& status, google::rpc::Status& out) {
  google::rpc::BadRequest bad;
  size_t spent = 0;
  for (const Fault& fault : FaultsOf(status)) {
    auto& violation = *bad.add_field_violations();
    violation.set_field(ToUtf8(fault.field, kMaxFaultText));
    violation.set_description(ToUtf8(fault.message, kMaxFaultText));
    spent += violation.field().size() + violation.description().size();
    if (spent > kAllFaultText) break;  // enough to work on
  }
  if (bad.field_violations_size() > 0) out.add_details()->PackFrom(bad);
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status out;
  out.set_code(static_cast<int>(status.code()));
  if (status.ok()) return out;
  out.set_message(ToUtf8(status.message(), kMaxMessage));
  google::rpc::ErrorInfo info;
  const std::string reason = ReasonOf(status);
  info.set_reason(reason.empty() ? absl::StatusCodeToString(status.code())
                                 : ToUtf8(reason, kMaxReason));
  info.set_domain("phosphene");
  out.add_details()->PackFrom(info);
  AddFaults(status, out);
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
