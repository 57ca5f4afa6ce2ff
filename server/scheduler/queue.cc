// The claim of the next job, over races with others.

#include "server/scheduler/queue.h"

#include <utility>
#include <vector>

#include "server/base/status_macros.h"
#include "server/scheduler/policy.h"

namespace phosphene {
namespace {

// Enough that a few lost races need no second look, and that a small job is
// found behind large ones; the store gives the best first.
constexpr int kCandidates = 16;

// Taken by another worker, cancelled or deleted meanwhile.
bool IsGone(const absl::Status& status) {
  return absl::IsAborted(status) || absl::IsNotFound(status);
}

}  // namespace

absl::StatusOr<std::optional<ClaimedJob>> ClaimNext(
    JobStore& store, absl::string_view device,
    const std::function<absl::StatusOr<Answer>(const QueuedJob& job)>& ask,
    const std::function<void(const QueuedJob& job)>& about_to_claim,
    bool* empty) {
  for (;;) {
    ASSIGN_OR_RETURN(std::vector<QueuedJob> waiting,
                     store.ListQueued(kCandidates));
    if (empty != nullptr) *empty = waiting.empty();
    if (waiting.empty()) return std::nullopt;
    bool passed = false;
    while (const std::optional<size_t> next = PickNext(waiting)) {
      const QueuedJob job = waiting[*next];
      waiting.erase(waiting.begin() + *next);
      const absl::StatusOr<Answer> answer = ask(job);
      if (IsGone(answer.status())) continue;
      if (!answer.ok()) return answer.status();
      if (*answer == Answer::kStop) return std::nullopt;
      if (*answer == Answer::kPass) {
        passed = true;
        continue;
      }
      about_to_claim(job);
      absl::StatusOr<StoredJob> claimed = store.Claim(job.name, device);
      if (claimed.ok()) return ClaimedJob{job, *std::move(claimed)};
      if (!IsGone(claimed.status())) return claimed.status();
    }
    if (passed) return std::nullopt;
  }
}

}  // namespace phosphene
