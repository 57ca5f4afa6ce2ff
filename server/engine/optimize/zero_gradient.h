#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "server/engine/tensor/param_tensor.h"

namespace phosphene {

// Watches for rows that do not move: 20 steps running without any gradient, or
// a whole run of fewer. Looks at a gradient only until its first value that is
// not 0, so a live job pays nothing. Confined to a thread.
class ZeroGradientWatch {
 public:
  // After each step, with its gradients in place.
  void Observe(const std::vector<ParamTensor>& parameters, int64_t step);
  // The same where it is known which rows' gradients were zero.
  void ObserveRows(const std::vector<bool>& zero, int64_t step);
  // One sentence for each spell worth telling, such as "gradient was zero for
  // 20 steps (0..19) in row 3".
  std::vector<std::string> Warnings(int64_t steps) const;

  // Part of the checkpoint.
  std::map<std::string, at::Tensor> Save() const;
  void Load(const std::map<std::string, at::Tensor>& state);

 private:
  struct Row {
    int64_t zero_since = -1;    // first step of the spell that lasts; -1: moves
    int64_t longest_from = -1;  // the longest spell so far
    int64_t longest = 0;        // its steps
  };
  std::vector<Row> rows_;
};

}  // namespace phosphene
