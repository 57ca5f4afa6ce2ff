// Shares of a device's time, by virtual time.

#include "server/scheduler/turns.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace phosphene {

double WeightOf(int priority) { return std::exp2(priority / 5.0); }

std::optional<double> Turns::LeastBeside(int64_t id) const {
  std::optional<double> least;
  for (const auto& [other, member] : members_) {
    if (other == id) continue;
    least = std::min(least.value_or(member.time), member.time);
  }
  return least;
}

void Turns::Join(int64_t id, int priority, int64_t order) {
  Member& member = members_[id];
  member.priority = priority;
  member.order = order;
  member.time = LeastBeside(id).value_or(0);
  member.turn = absl::ToDoubleMilliseconds(kQuantum) / WeightOf(priority);
}

void Turns::Leave(int64_t id) { members_.erase(id); }

void Turns::Charge(int64_t id, absl::Duration device_time) {
  const auto found = members_.find(id);
  if (found == members_.end()) return;
  Member& member = found->second;
  const double weight = WeightOf(member.priority);
  const double used = absl::ToDoubleMilliseconds(device_time) / weight;
  member.turn = std::max(used, absl::ToDoubleMilliseconds(kQuantum) / weight);
  member.time += used;
  const std::optional<double> least = LeastBeside(id);
  if (!least.has_value()) return;
  double longest = 0;
  for (const auto& [other, one] : members_)
    longest = std::max(longest, one.turn);
  member.time = std::max(member.time, *least - 2 * longest);
}

std::optional<int64_t> Turns::Pick(const std::vector<int64_t>& ready,
                                   std::optional<int64_t> before,
                                   absl::Duration used) const {
  if (ready.empty()) return std::nullopt;
  const auto rank = [this](int64_t id) {
    const Member& member = members_.at(id);
    return std::make_tuple(member.time, -member.priority, member.order);
  };
  const int64_t best = *std::min_element(
      ready.begin(), ready.end(),
      [&](int64_t a, int64_t b) { return rank(a) < rank(b); });
  const bool stays =
      before.has_value() && used < kQuantum &&
      std::find(ready.begin(), ready.end(), *before) != ready.end() &&
      members_.at(best).priority <= members_.at(*before).priority;
  return stays ? *before : best;
}

int WidthOf(int threads, int in_use, int stepping, int runnable, int lanes) {
  const auto share = [](int all, int among) {
    return (std::max(0, all) + among - 1) / among;
  };
  const int side_by_side = std::max(1, std::min(runnable, lanes));
  const int left = std::max(1, side_by_side - stepping);
  return std::max(
      1, std::min(share(threads, side_by_side), share(threads - in_use, left)));
}

}  // namespace phosphene
