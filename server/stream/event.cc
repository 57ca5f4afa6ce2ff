// The events of a job as they are shared and sent.
#include "server/stream/event.h"

#include "server/jobs/job_store.h"

namespace phosphene {

v1::JobEvent Delivery::ToProto() const {
  v1::JobEvent proto;
  proto.ParseFromString(event->wire);
  proto.set_dropped_frames(dropped_frames);
  return proto;
}

std::string Delivery::Tail() const {
  v1::JobEvent proto;
  proto.set_dropped_frames(dropped_frames);
  return proto.SerializeAsString();
}

v1::JobEvent NewEvent(int64_t sequence, absl::Time time) {
  v1::JobEvent event;
  event.set_sequence(sequence);
  const int64_t nanos = absl::ToUnixNanos(time);
  event.mutable_time()->set_seconds(nanos / 1'000'000'000);
  event.mutable_time()->set_nanos(nanos % 1'000'000'000);
  return event;
}

std::shared_ptr<const HubEvent> ShareEvent(const v1::JobEvent& event) {
  auto shared = std::make_shared<HubEvent>();
  shared->sequence = event.sequence();
  if (event.has_frame()) {
    shared->kind = HubEvent::Kind::kFrame;
  } else if (event.has_progress()) {
    shared->kind = HubEvent::Kind::kProgress;
  } else {
    shared->final = HasEnded(event.job().state());
  }
  if (event.job().has_spec()) {
    v1::JobEvent lean = event;
    lean.mutable_job()->clear_spec();
    shared->wire = lean.SerializeAsString();
  } else {
    shared->wire = event.SerializeAsString();
  }
  return shared;
}

}  // namespace phosphene
