#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "phosphene/v1/job_service.pb.h"
#include "server/jobs/job_store.h"
#include "server/storage/blob_store.h"
#include "server/stream/frame_hub.h"

namespace phosphene {

// Opens WatchJob: what happened after request.after_sequence from the store,
// then what happens from now on from the hub, each event once. A job that has
// ended gives its last frame and its final state, unless they were seen, and
// ends. Blocks on the store.
// NOT_FOUND: no such job. INVALID_ARGUMENT: a bad name or a negative
// after_sequence. RESOURCE_EXHAUSTED: too many watchers. UNAVAILABLE: the
// server goes away.
absl::StatusOr<std::unique_ptr<Subscription>> OpenWatch(
    JobStore& store, BlobStore& blobs, FrameHub& hub,
    const v1::WatchJobRequest& request);

// A job as GetJob shows it: while it runs here, with the step and objective
// value it reported last.
v1::Job WithLiveProgress(StoredJob stored, const FrameHub& hub);

}  // namespace phosphene
