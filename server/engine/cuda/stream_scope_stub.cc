// A build without CUDA has no streams.

#include "server/engine/cuda/stream_scope.h"

namespace phosphene {

CudaStreamLease::CudaStreamLease(int index) : index_(index) {}

struct CudaStreamScope::Impl {};

CudaStreamScope::CudaStreamScope(const CudaStreamLease& lease) {}
CudaStreamScope::~CudaStreamScope() = default;

}  // namespace phosphene
