#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/jobs/job_store.h"

namespace phosphene {

// What a device says to a job that waits.
enum class Answer {
  kTake,
  kPass,  // it has no room for this one; the next may be asked
  kStop,  // nobody else is to be asked now
};

// A job taken out of the queue.
struct ClaimedJob {
  QueuedJob queued;
  StoredJob stored;
};

// Takes a job out of the store for `device` (`devices/cpu-0`): the first that
// `ask` takes, asked in the order of policy.h. `about_to_claim` hears of it
// before the claim, so that whoever cancels it right after finds who runs it.
// Jobs that another worker takes meanwhile are passed over. None when none
// waits or none is taken; `*empty`, where given, tells whether none waited. An
// error is the store's, or that of `ask`.
absl::StatusOr<std::optional<ClaimedJob>> ClaimNext(
    JobStore& store, absl::string_view device,
    const std::function<absl::StatusOr<Answer>(const QueuedJob& job)>& ask,
    const std::function<void(const QueuedJob& job)>& about_to_claim,
    bool* empty = nullptr);

}  // namespace phosphene
