#pragma once

#include <chrono>
#include <cstdint>

#include "phosphene/v1/job.pb.h"
#include "server/engine/engine.h"
#include "server/engine/step/parts.h"
#include "server/engine/step/step.h"

namespace phosphene {

// Tells the sink how a run goes: progress about ten times per second and after
// the last step, frames by the spec's policy and after the last step. Changes
// nothing about the run. Confined to a thread.
class Reporter {
 public:
  // Both must outlive this; `first_step` is where this run starts.
  Reporter(const v1::JobSpec& spec, RunSink& sink, int64_t first_step);

  // Between the tiles of a step that goes in tiles: done and all there are.
  void InStep(int tiles_done, int tiles);
  // After each step; `done` counts steps, over all octaves.
  void AfterStep(int64_t done, const Stepper& stepper, const Parts& parts);

 private:
  using Time = std::chrono::steady_clock::time_point;
  void Progress(int64_t done, Time now, const Stepper& stepper,
                const Parts& parts);
  void Frame(int64_t done, const Parts& parts);

  const v1::JobSpec& spec_;
  RunSink& sink_;
  const int64_t total_;
  v1::Progress last_;   // as told last
  Time reported_;       // last progress after a step
  Time tile_reported_;  // last one within a step
  Time rate_from_;      // start of the span the rate is taken over
  int64_t rate_from_step_;
  double rate_ = 0;  // steps per second
};

}  // namespace phosphene
