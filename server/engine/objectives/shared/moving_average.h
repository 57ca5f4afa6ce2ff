#pragma once

#include <map>
#include <string>

#include "server/engine/objectives/shared/style_statistics.h"

namespace phosphene {

// The article's averaged Grams, for steps that see a part of the whole each:
//   EMA <- decay * EMA + (1 - decay) * G,  G_eff = G + stop_gradient(EMA - G)
// so the value is the average's and the gradient goes to G at full strength.
// It starts at zero, as the published code does: after n steps it has
// 1 - decay^n of its weight. Several calls in one step (a line
// search) all start from the average of the step before. Rows average apart.
class MovingAverage {
 public:
  // With `debias` the average after n steps is divided by 1 - decay^n.
  explicit MovingAverage(double decay, bool debias = false)
      : decay_(decay), debias_(debias) {}
  // Replaces the statistics of `key` by their G_eff; does nothing for decay 0.
  void Apply(const std::string& key, int64_t step, StyleStatistics* statistics);
  void Save(std::map<std::string, at::Tensor>* state) const;
  void Load(const std::map<std::string, at::Tensor>& state);

 private:
  struct Entry {
    int64_t step = -1;
    at::Tensor before;   // of the step before
    at::Tensor current;  // with this step's; undefined before the first
  };
  at::Tensor Effective(const std::string& key, int64_t step,
                       const at::Tensor& value);

  double decay_;
  bool debias_;
  std::map<std::string, Entry> entries_;
};

}  // namespace phosphene
