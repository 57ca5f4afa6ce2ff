#pragma once

#include <string>

#include "absl/status/status.h"
#include "client/commands/job_flags.h"
#include "client/commands/session.h"
#include "client/presets/presets.h"

namespace phosphene::client {

// A flight into a dream: each frame is the middle of the last one, enlarged,
// and dreamt on.
struct ZoomFlags {
  int frames = 0;        // 0: no flight
  double factor = 1.04;  // enlargement a frame
  int frames_per_second = 12;
};

// --zoom --zoom-factor --fps.
void AddZoomFlags(CLI::App* command, ZoomFlags* flags);

// One job a frame, each from the picture before, and an animation of all.
// Ctrl-C ends it; what was made until then is not written.
absl::Status RunZoom(Session& session, const DreamOptions& options,
                     const ZoomFlags& zoom, const JobFlags& flags);

}  // namespace phosphene::client
