#pragma once

#include <cstdint>
#include <string>

#include "phosphene/v1/job.pb.h"
#include "phosphene/v1/job_service.pb.h"

namespace phosphene::client {

// `[######------]  312/512  61%  18.3 steps/s  ETA 0:11  objective 243.1`, in
// at most `columns` columns; what does not fit is left out from the right.
std::string ProgressBar(const v1::Progress& progress, int columns);

// The same without the bar, for logs: `step 312/512  18.3 steps/s ...`.
std::string ProgressText(const v1::Progress& progress);

// `[####----]  12 MB / 28 MB  43%` for transfers.
std::string TransferBar(const std::string& what, int64_t done, int64_t total,
                        int columns);

// "queued", "running", ... .
std::string StateName(v1::Job::State state);

}  // namespace phosphene::client
