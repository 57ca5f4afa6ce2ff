#pragma once

#include <cstdint>

#include "phosphene/v1/job.pb.h"

namespace phosphene {

// Whose rows a step moves, and where that job stands.
struct Lane {
  const v1::JobSpec* spec = nullptr;
  uint64_t seed = 0;
  int64_t step = 0;  // 0-based, over all octaves
  double rate = 0;   // learning rate, schedule and octave applied
  // Its place in the batch.
  int64_t first_row = 0;
  int64_t rows = 1;
};

// The lane of a job alone in its batch; `spec` must outlive it.
Lane LaneAt(const v1::JobSpec& spec, int64_t rows, int64_t step);

// Learning rate of an octave (0-based) against that of the first one.
double OctaveRate(const v1::Octaves& octaves, int64_t octave);

// Whether ReLUs that would pass nothing are redirected at a step (0-based).
bool Redirects(const v1::GradientOverrides& overrides, int64_t step);
inline bool Redirects(const Lane& lane) {
  return Redirects(lane.spec->gradient_overrides(), lane.step);
}

}  // namespace phosphene
