#include "server/engine/optimizers/adam_kernel.h"

#include <cmath>

namespace phosphene {

void RunAdam(const AdamStep& step, int64_t begin, int64_t end) {
  const AdamStep s = step;
  float* __restrict value = s.value;
  const float* __restrict gradient = s.gradient;
  float* __restrict mean = s.mean;
  float* __restrict square = s.square;
  for (int64_t i = begin; i < end; ++i) {
    const float g = gradient[i];
    const float m = s.beta1 * mean[i] + s.fresh1 * g;
    const float v = s.beta2 * square[i] + s.fresh2 * (g * g);
    mean[i] = m;
    square[i] = v;
    const float denominator = std::sqrt(v) * s.square_factor + s.epsilon;
    value[i] = s.keep * value[i] - s.step_size * m / denominator;
  }
}

}  // namespace phosphene
