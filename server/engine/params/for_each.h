#pragma once

#include <cstdint>
#include <functional>

namespace phosphene {

// Calls fn(0) .. fn(count-1), spread over the threads of the team, each call
// wholly on one thread: ATen and MKL inside it run serially. So a call's bits
// depend neither on its company nor on the number of threads; both matter to
// MKL's small transforms and to ATen's vectorized functions, which treat the
// end of a thread's share by another formula. Grad mode is on inside fn: give
// it detached tensors. Exceptions come through.
void ForEach(int64_t count, const std::function<void(int64_t)>& fn);

}  // namespace phosphene
