// The learning rate over a run.

#include "server/engine/optimizers/schedule.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
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

void CheckFactor(double factor, absl::string_view path, Faults& faults) {
  if (!(factor >= 0 && factor <= 1000)) {
    faults.Add(path, absl::StrCat(factor, " is out of range 0..1000"));
  }
}

}  // namespace

void CheckSchedule(const v1::LearningRateSchedule& schedule,
                   absl::string_view path, Faults& faults) {
  if (schedule.warmup_steps() < 0) {
    faults.Add(
        absl::StrCat(path, ".warmup_steps"),
        absl::StrCat(schedule.warmup_steps(), " is out of range; at least 0"));
  }
  if (schedule.has_cosine()) {
    CheckFactor(schedule.cosine().final_factor(),
                absl::StrCat(path, ".cosine.final_factor"), faults);
  } else if (schedule.has_linear()) {
    CheckFactor(schedule.linear().final_factor(),
                absl::StrCat(path, ".linear.final_factor"), faults);
  } else if (schedule.has_step()) {
    CheckFactor(schedule.step().factor(), absl::StrCat(path, ".step.factor"),
                faults);
    if (schedule.step().every() < 1) {
      faults.Add(absl::StrCat(path, ".step.every"),
                 absl::StrCat(schedule.step().every(),
                              " is out of range; at least 1"));
    }
  }
}

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
