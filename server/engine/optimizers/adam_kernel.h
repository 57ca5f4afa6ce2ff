#pragma once

#include <cstdint>

#include "server/engine/cuda/adam_math.h"

namespace phosphene {

// One Adam step of `count` elements. Knows no tensors; ranges may be given to
// several threads, and results do not depend on how they are cut.
struct AdamStep {
  float* value = nullptr;           // [count], updated
  const float* gradient = nullptr;  // [count]
  float* mean = nullptr;            // [count], first moment, updated
  float* square = nullptr;          // [count], second raw moment, updated
  AdamSettings settings;
  AdamScalars now;
};

void RunAdam(const AdamStep& step, int64_t begin, int64_t end);

}  // namespace phosphene
