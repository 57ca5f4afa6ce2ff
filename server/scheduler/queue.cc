// The claim of the next job, over races with others.

#include "server/scheduler/queue.h"

#include <utility>
#include <vector>

#include "server/base/status_macros.h"
#include "server/scheduler/policy.h"

namespace phosphene {
namespace {

// Enough that a few lost races need no second look; the store gives the best
// first.
constexpr int kCandidates = 16;

}  // namespace

absl::StatusOr<std::optional<StoredJob>> ClaimNext(
    JobStore& store, absl::string_view device,
    const std::function<void(const std::string& name)>& about_to_claim) {
  for (;;) {
    ASSIGN_OR_RETURN(std::vector<QueuedJob> waiting,
                     store.ListQueued(kCandidates));
    if (waiting.empty()) return std::nullopt;
    while (const std::optional<size_t> next = PickNext(waiting)) {
      about_to_claim(waiting[*next].name);
      absl::StatusOr<StoredJob> claimed =
          store.Claim(waiting[*next].name, device);
      if (claimed.ok()) return *std::move(claimed);
      // Taken by another worker, cancelled or deleted meanwhile.
      if (!absl::IsAborted(claimed.status()) &&
          !absl::IsNotFound(claimed.status())) {
        return claimed.status();
      }
      waiting.erase(waiting.begin() + *next);
    }
  }
}

}  // namespace phosphene
