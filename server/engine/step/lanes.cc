// Whose rows a step moves.

#include "server/engine/step/lanes.h"

#include <algorithm>
#include <cmath>

#include "server/engine/engine.h"
#include "server/engine/optimizers/interface.h"

namespace phosphene {
namespace {

constexpr int64_t kRedirectSteps = 16;  // lucid: while global_step <= 16

// The octave that a step is of.
int64_t OctaveAt(const v1::JobSpec& spec, int64_t step) {
  const int64_t octaves = spec.optimizer().octaves().count();
  int64_t octave = 0;
  while (octave + 1 < octaves &&
         step >= Engine::StepsBefore(spec, octave + 1)) {
    ++octave;
  }
  return octave;
}

}  // namespace

Lane LaneAt(const v1::JobSpec& spec, int64_t rows, int64_t step) {
  Lane lane;
  lane.spec = &spec;
  lane.seed = spec.seed();
  lane.step = step;
  lane.rate = LearningRateAt(spec.optimizer(), step, Engine::TotalSteps(spec)) *
              OctaveRate(spec.optimizer().octaves(), OctaveAt(spec, step));
  lane.rows = rows;
  return lane;
}

double OctaveRate(const v1::Octaves& octaves, int64_t octave) {
  const double factor = octaves.rate_factor();
  if (!(factor > 0) || factor >= 1) return 1;
  return std::max(octaves.least_rate(),
                  std::pow(factor, static_cast<double>(octave)));
}

bool Redirects(const v1::GradientOverrides& overrides, int64_t step) {
  if (overrides.redirect_relu() == v1::GradientOverrides::REDIRECT_OFF)
    return false;
  const int64_t steps = overrides.has_redirect_steps()
                            ? overrides.redirect_steps()
                            : kRedirectSteps;
  return steps > 0 && step <= steps;
}

}  // namespace phosphene
