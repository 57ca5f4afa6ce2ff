// A build without CUDA has no streams.

#include "server/engine/cuda/job_scope.h"

namespace phosphene {

struct CudaJobScope::Impl {};

CudaJobScope::CudaJobScope(int index) {}
CudaJobScope::~CudaJobScope() = default;

}  // namespace phosphene
