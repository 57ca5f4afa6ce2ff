#include "server/stream/watch.h"

#include <utility>

#include "server/base/status_macros.h"
#include "server/jobs/validate.h"

namespace phosphene {
namespace {

// The event of an ended job's last frame; nothing when its blob is gone.
void AddLastFrame(const KeptFrame& kept, BlobStore& blobs, WatchStart& start) {
  absl::StatusOr<std::string> image = blobs.Get(kept.blob);
  if (!image.ok()) return;
  v1::JobEvent& event = start.events.emplace_back();
  event.set_sequence(kept.sequence);
  if (start.events.size() > 1) *event.mutable_time() = start.events[0].time();
  *event.mutable_frame() = kept.info;
  event.mutable_frame()->set_image(*std::move(image));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Subscription>> OpenWatch(
    JobStore& store, BlobStore& blobs, FrameHub& hub,
    const v1::WatchJobRequest& request) {
  RETURN_IF_ERROR(CheckJobName(request.name()));
  // Attached before the store is read: what happens between is seen twice
  // rather than not at all, and the subscription drops the second.
  ASSIGN_OR_RETURN(
      std::unique_ptr<Subscription> subscription,
      hub.Subscribe(request.name(), {.after_sequence = request.after_sequence(),
                                     .omit_frames = request.omit_frames()}));
  ASSIGN_OR_RETURN(WatchStart start,
                   store.StartWatch(request.name(), request.after_sequence()));
  if (start.last_frame.has_value() && !request.omit_frames() &&
      start.last_frame->sequence > request.after_sequence()) {
    AddLastFrame(*start.last_frame, blobs, start);
  }
  subscription->Seed(start.events, start.ended);
  return subscription;
}

v1::Job WithLiveProgress(StoredJob stored, const FrameHub& hub) {
  v1::Job job = std::move(stored.job);
  if (!HasWorker(job.state())) return job;
  if (const auto progress = hub.LatestProgress(job.name())) {
    job.set_step(progress->step());
    job.set_objective_value(progress->objective_value());
  }
  return job;
}

}  // namespace phosphene
