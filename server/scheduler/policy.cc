// Which job runs next.

#include "server/scheduler/policy.h"

#include <algorithm>
#include <tuple>

namespace phosphene {

std::optional<size_t> PickNext(const std::vector<QueuedJob>& waiting) {
  if (waiting.empty()) return std::nullopt;
  const auto rank = [](const QueuedJob& job) {
    return std::make_tuple(job.suspect, -job.priority, job.order);
  };
  const auto best =
      std::min_element(waiting.begin(), waiting.end(),
                       [&](const QueuedJob& a, const QueuedJob& b) {
                         return rank(a) < rank(b);
                       });
  return best - waiting.begin();
}

}  // namespace phosphene
