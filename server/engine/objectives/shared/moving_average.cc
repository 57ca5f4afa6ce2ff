// Value of a moving average, gradient of the newest: G + stop_gradient(EMA -
// G). Source: Distill 2018, style transfer.
#include "server/engine/objectives/shared/moving_average.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace phosphene {

at::Tensor MovingAverage::Effective(const std::string& key, int64_t step,
                                    const at::Tensor& value) {
  Entry& entry = entries_[key];
  const at::Tensor now = value.detach();
  if (entry.step != step) {
    entry.before = entry.current.defined() ? entry.current.to(now.device())
                                           : at::zeros_like(now);
    entry.step = step;
  }
  entry.current = entry.before * decay_ + now * (1 - decay_);
  const double weight =
      debias_ ? 1 - std::pow(decay_, static_cast<double>(step + 1)) : 1;
  return value + (entry.current / weight - now);
}

void MovingAverage::Apply(const std::string& key, int64_t step,
                          StyleStatistics* statistics) {
  if (decay_ == 0) return;
  statistics->gram =
      Effective(absl::StrCat(key, "/gram"), step, statistics->gram);
  if (statistics->mean.defined()) {
    statistics->mean =
        Effective(absl::StrCat(key, "/mean"), step, statistics->mean);
  }
}

void MovingAverage::Save(std::map<std::string, at::Tensor>* state) const {
  for (const auto& [key, entry] : entries_) {
    if (entry.current.defined()) (*state)[key] = entry.current;
  }
}

void MovingAverage::Load(const std::map<std::string, at::Tensor>& state) {
  entries_.clear();
  for (const auto& [key, value] : state) entries_[key].current = value;
}

}  // namespace phosphene
