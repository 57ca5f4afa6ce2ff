#pragma once

#include <cstdint>

namespace phosphene {

// One Adam step of `count` elements. Knows no tensors; ranges may be given to
// several threads, and results do not depend on how they are cut.
struct AdamStep {
  float* value = nullptr;           // [count], updated
  const float* gradient = nullptr;  // [count]
  float* mean = nullptr;            // [count], first moment, updated
  float* square = nullptr;          // [count], second raw moment, updated
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  // 1 - beta, rounded once: 1 - 0.999f is off by 5e-5 of itself.
  float fresh1 = 0.1f;
  float fresh2 = 0.001f;
  float epsilon = 1e-8f;
  float step_size = 0;      // learning rate / (1 - beta1^t)
  float square_factor = 1;  // 1 / sqrt(1 - beta2^t)
  float keep = 1;           // 1 - learning rate * weight decay
};

void RunAdam(const AdamStep& step, int64_t begin, int64_t end);

}  // namespace phosphene
