#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "phosphene/v1/job_service.pb.h"
#include "server/jobs/job_store.h"
#include "server/storage/blob_store.h"
#include "server/stream/frame_hub.h"

namespace phosphene {

// Who opens a watch.
struct WatchReader {
  // FollowJob: frames wait for Subscription::Acknowledge.
  bool acknowledges = false;
  // As FrameHub::WatchOptions has them.
  std::string peer;
  std::function<void(const absl::Status&)> cut;
};

// Opens WatchJob: what happened after request.after_sequence from the store,
// then what happens from now on from the hub, each event once, frames at the
// pace of the request. A job that has ended gives its last frame and its final
// state, unless they were seen, and ends. Blocks on the store.
// NOT_FOUND: no such job. INVALID_ARGUMENT: a bad name, a negative
// after_sequence or a rate out of range, all of them told.
// RESOURCE_EXHAUSTED: too many watchers. UNAVAILABLE: the server goes away.
absl::StatusOr<std::unique_ptr<Subscription>> OpenWatch(
    JobStore& store, BlobStore& blobs, FrameHub& hub,
    const v1::WatchJobRequest& request, WatchReader reader = {});

// A job as GetJob shows it: while it runs here, with the step and objective
// value it reported last.
v1::Job WithLiveProgress(StoredJob stored, const FrameHub& hub);

}  // namespace phosphene
