// Adam over a range of elements on the CPU.

#include "server/engine/optimizers/adam_kernel.h"

namespace phosphene {

void RunAdam(const AdamStep& step, int64_t begin, int64_t end) {
  const AdamStep s = step;
  float* __restrict value = s.value;
  const float* __restrict gradient = s.gradient;
  float* __restrict mean = s.mean;
  float* __restrict square = s.square;
  for (int64_t i = begin; i < end; ++i) {
    float m = mean[i], v = square[i];
    value[i] = AdamElement(s.settings, s.now, value[i], gradient[i], &m, &v);
    mean[i] = m;
    square[i] = v;
  }
}

}  // namespace phosphene
