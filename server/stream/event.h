#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "phosphene/v1/job.pb.h"
#include "phosphene/v1/job_service.pb.h"

namespace phosphene {

// An event as all subscribers share it: serialized once, never copied.
struct HubEvent {
  enum class Kind { kState, kProgress, kFrame };
  Kind kind = Kind::kState;
  int64_t sequence = 0;
  bool final = false;  // the state of a job that has ended
  std::string wire;    // serialized JobEvent without dropped_frames
};

// An event on its way to one subscriber.
struct Delivery {
  std::shared_ptr<const HubEvent> event;
  int64_t dropped_frames = 0;  // JobEvent.dropped_frames

  // The message; parses `wire`. A writer of raw bytes sends event->wire and
  // then Tail() instead: concatenated encodings merge.
  v1::JobEvent ToProto() const;
  // Encoding of dropped_frames alone, "" when 0.
  std::string Tail() const;
};

// An event of its sequence and time, its kind not yet set.
v1::JobEvent NewEvent(int64_t sequence, absl::Time time);

// The event as it is sent: the spec of a job is left out.
std::shared_ptr<const HubEvent> ShareEvent(const v1::JobEvent& event);

}  // namespace phosphene
