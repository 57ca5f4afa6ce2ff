// Opens watches: the past from the store, the present from the hub.
#include "server/stream/watch.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "server/base/faults.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/jobs/validate.h"
#include "server/rules/rules.h"

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

absl::Status CheckRequest(const v1::WatchJobRequest& request) {
  Faults faults;
  if (!request.name().empty()) {
    for (const Fault& fault : FaultsOf(CheckJobName(request.name())))
      faults.Add(fault.field, fault.message);
  }
  AddRuleFaults(request, "", faults);
  return faults.ToStatus();
}

double FramesPerSecond(const v1::WatchJobRequest& request) {
  if (request.max_frames_per_second() != 0)
    return request.max_frames_per_second();
  double rate = 0;
  PHOSPHENE_CHECK(absl::SimpleAtod(
      DefaultText(*FieldAt(*request.GetDescriptor(), "max_frames_per_second")),
      &rate));
  return rate;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Subscription>> OpenWatch(
    JobStore& store, BlobStore& blobs, FrameHub& hub,
    const v1::WatchJobRequest& request, WatchReader reader) {
  RETURN_IF_ERROR(CheckRequest(request));
  // Attached before the store is read: what happens between is seen twice
  // rather than not at all, and the subscription drops the second.
  ASSIGN_OR_RETURN(
      std::unique_ptr<Subscription> subscription,
      hub.Subscribe(request.name(),
                    {.after_sequence = request.after_sequence(),
                     .omit_frames = request.omit_frames(),
                     .pace = {.max_per_second = FramesPerSecond(request),
                              .acknowledged = reader.acknowledges},
                     .peer = std::move(reader.peer),
                     .cut = std::move(reader.cut)}));
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
