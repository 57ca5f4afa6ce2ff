#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/time/time.h"

namespace phosphene {

// Who steps next of the jobs that share a device. Each has a virtual time: the
// device time it has used, divided by its weight 2^(priority / 5); the one with
// the least goes next, so that time is shared by weight. A job that is as
// urgent as the one before lets it go on for a quantum, for its data lies in
// the caches; a more urgent one does not wait for that.
//
// A newcomer starts at the least virtual time there is: it waits for nobody to
// catch up, and nobody for it. For the same reason no job falls behind the
// others by more than two of the longest turns: what it could not use while it
// had a lane for itself it cannot claim later.
//
// Pure: time is told, never looked at. Thread-compatible.
class Turns {
 public:
  // Device time a job may use at a stretch beside others as urgent.
  static constexpr absl::Duration kQuantum = absl::Milliseconds(50);

  // `order`: the age, the oldest has the least.
  void Join(int64_t id, int priority, int64_t order);
  void Leave(int64_t id);
  // `id` has stepped for so long. Ignored when it has left.
  void Charge(int64_t id, absl::Duration device_time);
  // The next of `ready`, all of which have joined. `before` went last and has
  // used `used` since its turn began. None when nobody is ready.
  std::optional<int64_t> Pick(const std::vector<int64_t>& ready,
                              std::optional<int64_t> before,
                              absl::Duration used) const;

 private:
  struct Member {
    int priority = 0;
    int64_t order = 0;
    double time = 0;  // virtual milliseconds
    double turn = 0;  // what its last turn added, a quantum at least
  };
  // The least time of all but `id`; none when there are no others.
  std::optional<double> LeastBeside(int64_t id) const;

  std::map<int64_t, Member> members_;
};

// 2^(priority / 5): five more get twice the time.
double WeightOf(int priority);

// Compute threads for a step about to begin, at least 1: of `threads` in all,
// `in_use` work for `stepping` steps; `runnable` jobs, this one and those
// included, share at most `lanes`. Each gets as many, and what cannot be shared
// out evenly goes to the first that come.
int WidthOf(int threads, int in_use, int stepping, int runnable, int lanes);

}  // namespace phosphene
