#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/commands/session.h"
#include "phosphene/v1/job.pb.h"

namespace phosphene::client {

struct JobPage {
  std::vector<v1::Job> jobs;  // newest first
  int64_t total = 0;          // that match
};

// Jobs that match a filter, page by page, at most `limit` (0: all); of their
// specs the model alone, unless `full`.
absl::StatusOr<JobPage> FetchJobs(Session& session, const std::string& filter,
                                  int limit, bool full = false);

// NAME STATE STEP PRIORITY MODEL AGE LABELS, one job a line.
std::string JobTable(const std::vector<v1::Job>& jobs);

// Everything about one job but its spec, a line each.
std::string JobDetails(const v1::Job& job);

}  // namespace phosphene::client
