// Whose rows a step moves.

#include "server/engine/step/lanes.h"

#include "server/engine/engine.h"
#include "server/engine/optimizers/interface.h"

namespace phosphene {
namespace {

constexpr int64_t kRedirectSteps = 16;  // lucid: while global_step <= 16

}  // namespace

Lane LaneAt(const v1::JobSpec& spec, int64_t rows, int64_t step) {
  Lane lane;
  lane.spec = &spec;
  lane.seed = spec.seed();
  lane.step = step;
  lane.rate = LearningRateAt(spec.optimizer(), step, Engine::TotalSteps(spec));
  lane.rows = rows;
  return lane;
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
