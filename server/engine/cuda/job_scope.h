#pragma once

#include "server/engine/cuda/stream_scope.h"

namespace phosphene {

// A lease and a scope of it: for a job that stays on one thread.
class CudaJobScope {
 public:
  explicit CudaJobScope(int index) : lease_(index), scope_(lease_) {}

 private:
  const CudaStreamLease lease_;
  const CudaStreamScope scope_;
};

}  // namespace phosphene
