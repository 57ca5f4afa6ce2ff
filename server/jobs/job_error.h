#pragma once

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace phosphene {

// What Job.error says about why a run failed: code, message, an ErrorInfo
// {reason, domain "phosphene"} and, for faults of fields, a BadRequest.
google::rpc::Status ToJobError(const absl::Status& status);

}  // namespace phosphene
