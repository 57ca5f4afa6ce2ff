// The learning rate over a run.

#include <algorithm>
#include <cmath>

#include "server/engine/optimizers/interface.h"

namespace phosphene {
namespace {

// How far the run is, 0 at the first step and 1 at the last.
double Way(int64_t step, int64_t steps) {
  return steps <= 1
             ? 0
             : std::clamp(static_cast<double>(step) / (steps - 1), 0.0, 1.0);
}

// With w in 0..1 the way done: cosine f + (1 - f)(1 + cos(pi w))/2 (Loshchilov
// & Hutter 2016), linear 1 + (f - 1) w, step f^floor(t / every).
double Factor(const v1::LearningRateSchedule& schedule, int64_t step,
              int64_t steps) {
  switch (schedule.kind_case()) {
    case v1::LearningRateSchedule::kCosine: {
      const double last = schedule.cosine().final_factor();
      return last + (1 - last) * (1 + std::cos(M_PI * Way(step, steps))) / 2;
    }
    case v1::LearningRateSchedule::kLinear:
      return 1 + (schedule.linear().final_factor() - 1) * Way(step, steps);
    case v1::LearningRateSchedule::kStep:
      return std::pow(
          schedule.step().factor(),
          static_cast<double>(step / std::max(1, schedule.step().every())));
    case v1::LearningRateSchedule::KIND_NOT_SET:
      break;
  }
  return 1;
}

}  // namespace

double LearningRateAt(const v1::Optimizer& spec, int64_t step, int64_t steps) {
  const double rate = spec.has_learning_rate()
                          ? spec.learning_rate()
                          : FindOptimizerKind(spec)->default_learning_rate;
  const int64_t warmup = spec.schedule().warmup_steps();
  // The first step of a warm-up already moves: 1/warmup, not 0.
  const double warm =
      step < warmup ? static_cast<double>(step + 1) / warmup : 1;
  return rate * warm * Factor(spec.schedule(), step, steps);
}

}  // namespace phosphene
