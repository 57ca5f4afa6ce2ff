// Tensors made from weights, kept under their keys.

#include "server/engine/onnx/file/weights.h"

namespace phosphene::onnx {

at::Tensor WeightCache::Get(const std::string& key,
                            const std::function<at::Tensor()>& make) {
  {
    MutexLock lock(&mu_);
    const auto it = tensors_.find(key);
    if (it != tensors_.end()) return it->second;
  }
  const at::Tensor made = make();
  MutexLock lock(&mu_);
  return tensors_.emplace(key, made).first->second;
}

}  // namespace phosphene::onnx
