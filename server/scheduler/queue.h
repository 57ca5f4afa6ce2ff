#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/jobs/job_store.h"

namespace phosphene {

// Takes the job that policy.h puts first out of the store, for `device`
// (`devices/cpu-0`). `about_to_claim` hears its name before the claim, so that
// whoever cancels it right after finds who runs it. Jobs that another worker
// takes meanwhile are passed over. None when none waits; an error is the
// store's.
absl::StatusOr<std::optional<StoredJob>> ClaimNext(
    JobStore& store, absl::string_view device,
    const std::function<void(const std::string& name)>& about_to_claim);

}  // namespace phosphene
