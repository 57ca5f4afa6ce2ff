// A stream of its own for each job that runs on a GPU.

#include "server/engine/cuda/job_scope.h"

#include <c10/core/AutogradState.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <set>

#include "server/base/mutex.h"

namespace phosphene {
namespace {

// libtorch hands its streams out in turn whether or not they are in use, and a
// stream that two jobs share would record the one's work into the other's
// graph.
class Streams {
 public:
  static Streams& Get() {
    static auto* const streams = new Streams;
    return *streams;
  }

  c10::cuda::CUDAStream Take(c10::DeviceIndex index) {
    // Weights of a network that is shared were brought over on another stream.
    c10::cuda::getDefaultCUDAStream(index).synchronize();
    const MutexLock lock(&mu_);
    for (int i = 0; i < kStreams; ++i) {
      const auto stream =
          c10::cuda::getStreamFromPool(/*isHighPriority=*/false, index);
      if (taken_.insert(stream.stream()).second) return stream;
    }
    TORCH_CHECK(false, "more than ", kStreams, " jobs at once on one GPU");
  }
  void GiveBack(const c10::cuda::CUDAStream& stream) {
    const MutexLock lock(&mu_);
    taken_.erase(stream.stream());
  }

 private:
  static constexpr int kStreams = 32;  // of libtorch's pool, a priority

  Mutex mu_;
  std::set<cudaStream_t> taken_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

struct CudaJobScope::Impl {
  explicit Impl(c10::DeviceIndex index)
      : threaded(
            c10::AutogradState::get_tls_state().get_multithreading_enabled()),
        stream(Streams::Get().Take(index)),
        guard(stream) {
    c10::AutogradState::get_tls_state().set_multithreading_enabled(false);
  }
  ~Impl() {
    c10::AutogradState::get_tls_state().set_multithreading_enabled(threaded);
    // Must not throw; a broken stream has shown before.
    (void)cudaStreamSynchronize(stream.stream());
    Streams::Get().GiveBack(stream);
  }

  const bool threaded;
  const c10::cuda::CUDAStream stream;
  const c10::cuda::CUDAStreamGuard guard;
};

CudaJobScope::CudaJobScope(int index) {
  if (index >= 0)
    impl_ = std::make_unique<Impl>(static_cast<c10::DeviceIndex>(index));
}

CudaJobScope::~CudaJobScope() = default;

}  // namespace phosphene
