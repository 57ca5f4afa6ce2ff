// A status as the message Job.error.

#include "server/jobs/job_error.h"

#include <string>

#include "google/rpc/error_details.pb.h"
#include "server/base/faults.h"
#include "server/base/utf8.h"

namespace phosphene {
namespace {

constexpr size_t kMaxText = 4000;  // of a message or a fault

}  // namespace

google::rpc::Status ToJobError(const absl::Status& status) {
  google::rpc::Status out;
  out.set_code(static_cast<int>(status.code()));
  out.set_message(ToUtf8(status.message(), kMaxText));
  google::rpc::ErrorInfo info;
  const std::string reason = ReasonOf(status);
  info.set_reason(reason.empty() ? absl::StatusCodeToString(status.code())
                                 : ToUtf8(reason, 63));
  info.set_domain("phosphene");
  out.add_details()->PackFrom(info);
  google::rpc::BadRequest bad;
  for (const Fault& fault : FaultsOf(status)) {
    auto& violation = *bad.add_field_violations();
    violation.set_field(ToUtf8(fault.field, kMaxText));
    violation.set_description(ToUtf8(fault.message, kMaxText));
  }
  if (bad.field_violations_size() > 0) out.add_details()->PackFrom(bad);
  return out;
}

}  // namespace phosphene
