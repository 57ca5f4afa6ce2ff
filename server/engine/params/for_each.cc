// Planes of a batch one after another, shared out over threads.
#include "server/engine/params/for_each.h"

#include <ATen/Parallel.h>

#include <algorithm>

namespace phosphene {

void ForEach(int64_t count, const std::function<void(int64_t)>& fn) {
  // At least two shares: a parallel region keeps MKL on one thread inside,
  // which a single share, run inline, would not.
  at::parallel_for(0, std::max<int64_t>(count, 2), 1,
                   [&](int64_t begin, int64_t end) {
                     for (int64_t i = begin; i < std::min(end, count); ++i)
                       fn(i);
                   });
}

}  // namespace phosphene
