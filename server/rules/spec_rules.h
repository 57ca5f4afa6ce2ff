#pragma once

#include <cstdint>

#include "phosphene/v1/job.pb.h"
#include "phosphene/v1/system_service.pb.h"
#include "server/base/faults.h"

namespace phosphene {

// rows * height * width of a canvas.
constexpr int64_t kMaxCanvasPixels = int64_t{1} << 28;
// Frames a job may keep: each is a file.
constexpr int64_t kMaxKeptFrames = 10'000;

// Adds what two fields of a spec have wrong with each other and no kind, no
// network is needed to tell: rows that the canvas does not have, names of
// outputs that are taken, a canvas of too many pixels, too many kept frames,
// steps without an objective. Where a field itself breaks its rule
// (`faults` lists it already, from AddRuleFaults) nothing is added about it.
// Paths begin with "spec".
void AddRelationFaults(const v1::JobSpec& spec, Faults& faults);

// AddRuleFaults and AddRelationFaults of a spec.
void AddSpecFaults(const v1::JobSpec& spec, Faults& faults);

// The bounds that the rules state, as GetCapabilities tells them:
// max_canvas_pixels, max_rows, max_steps, min_priority, max_priority.
v1::Limits RuleLimits();

}  // namespace phosphene
