#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "server/jobs/job_store.h"

namespace phosphene {

// Which of the jobs that wait runs next: the one of the highest priority, of
// those the oldest, of those the first by name. None when none waits. Pure.
std::optional<size_t> PickNext(const std::vector<QueuedJob>& waiting);

}  // namespace phosphene
