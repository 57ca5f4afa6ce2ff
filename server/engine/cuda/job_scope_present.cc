#include <c10/core/AutogradState.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "server/engine/cuda/job_scope.h"

namespace phosphene {
namespace {

// Weights of a network that is shared were brought over on another stream.
c10::cuda::CUDAStream FreshStream(c10::DeviceIndex index) {
  c10::cuda::getDefaultCUDAStream(index).synchronize();
  return c10::cuda::getStreamFromPool(/*isHighPriority=*/false, index);
}

}  // namespace

struct CudaJobScope::Impl {
  explicit Impl(c10::DeviceIndex index)
      : threaded(c10::AutogradState::get_tls_state().get_multithreading_enabled()),
        stream(FreshStream(index)) {
    c10::AutogradState::get_tls_state().set_multithreading_enabled(false);
  }
  ~Impl() { c10::AutogradState::get_tls_state().set_multithreading_enabled(threaded); }

  const bool threaded;
  c10::cuda::CUDAStreamGuard stream;
};

CudaJobScope::CudaJobScope(int index) {
  if (index >= 0) impl_ = std::make_unique<Impl>(static_cast<c10::DeviceIndex>(index));
}

CudaJobScope::~CudaJobScope() {
  // A destructor must not throw; a broken stream has shown before.
  if (impl_ != nullptr) (void)cudaStreamSynchronize(impl_->stream.current_stream().stream());
}

}  // namespace phosphene
