#pragma once

#include <functional>
#include <map>
#include <string>

#include "server/base/mutex.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// Tensors derived from a network's weights (another type or device, a
// BatchNorm folded in), made once for all programs of the network. Thread-safe.
class WeightCache {
 public:
  // The tensor of this key; `make` runs when there is none yet, perhaps on
  // several threads at once (the first result stays), and may throw.
  at::Tensor Get(const std::string& key,
                 const std::function<at::Tensor()>& make);

 private:
  Mutex mu_;
  std::map<std::string, at::Tensor> tensors_ ABSL_GUARDED_BY(mu_);
};

}  // namespace phosphene::onnx
