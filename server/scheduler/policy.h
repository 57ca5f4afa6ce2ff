#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "server/jobs/job_store.h"

namespace phosphene {

// Which of the jobs that wait runs next: one that is not a suspect before any
// that is, of those the one of the highest priority, of those the first that
// was created. None when none waits. Pure.
std::optional<size_t> PickNext(const std::vector<QueuedJob>& waiting);

}  // namespace phosphene
