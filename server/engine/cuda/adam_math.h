#pragma once

// One element of one Adam step, for CPU loops and the GPU kernel alike.

#include <cmath>

#include "server/engine/cuda/host_device.h"

namespace phosphene {

// Fixed for a run.
struct AdamSettings {
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  // 1 - beta, rounded once: 1 - 0.999f is off by 5e-5 of itself.
  float fresh1 = 0.1f;
  float fresh2 = 0.001f;
  float epsilon = 1e-8f;
};

// Of one step.
struct AdamScalars {
  float step_size = 0;      // learning rate / (1 - beta1^t)
  float square_factor = 1;  // 1 / sqrt(1 - beta2^t)
  float keep = 1;           // 1 - learning rate * weight decay
};

// Updates the moments and returns the new value.
PHOSPHENE_HD inline float AdamElement(const AdamSettings& s,
                                      const AdamScalars& now, float value,
                                      float gradient, float* mean,
                                      float* square) {
  const float m = s.beta1 * *mean + s.fresh1 * gradient;
  const float v = s.beta2 * *square + s.fresh2 * (gradient * gradient);
  *mean = m;
  *square = v;
  const float denominator = sqrtf(v) * now.square_factor + s.epsilon;
  return now.keep * value - now.step_size * m / denominator;
}

}  // namespace phosphene
