// Streams of a GPU, one for each job that steps.

#include "server/engine/cuda/stream_scope.h"

#include <c10/core/AutogradState.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <algorithm>
#include <map>
#include <vector>

#include "server/base/mutex.h"
#include "server/engine/cuda/lowest_free.h"

namespace phosphene {
namespace {

c10::DeviceIndex DeviceOf(int index) {
  return static_cast<c10::DeviceIndex>(index);
}

// The streams of a GPU by number. libtorch hands those of its pool out in turn
// whether or not they are in use, and a stream that two jobs share would record
// the one's work into the other's graph.
class Streams {
 public:
  explicit Streams(c10::DeviceIndex device) : device_(device) {}

  // For all of the process; made when first asked for.
  static Streams& Of(c10::DeviceIndex device) {
    static auto* const mutex = new Mutex;
    static auto* const all =
        new std::map<c10::DeviceIndex, std::unique_ptr<Streams>>;
    const MutexLock lock(mutex);
    auto& streams = (*all)[device];
    if (streams == nullptr) streams = std::make_unique<Streams>(device);
    return *streams;
  }

  LowestFree& numbers() { return numbers_; }

  c10::cuda::CUDAStream Number(int number) {
    const MutexLock lock(&mu_);
    while (static_cast<int>(known_.size()) <= number) {
      const auto next =
          c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device_);
      TORCH_CHECK(std::find(known_.begin(), known_.end(), next) == known_.end(),
                  "more than ", known_.size(), " jobs step at once on one GPU");
      known_.push_back(next);
    }
    return known_[static_cast<size_t>(number)];
  }

 private:
  const c10::DeviceIndex device_;
  LowestFree numbers_;
  Mutex mu_;
  std::vector<c10::cuda::CUDAStream> known_ ABSL_GUARDED_BY(mu_);
};

// A number that is out while this lives.
class Taken {
 public:
  explicit Taken(LowestFree& numbers)
      : numbers_(numbers), number_(numbers.Take()) {}
  ~Taken() { numbers_.GiveBack(number_); }
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;
  int number() const { return number_; }

 private:
  LowestFree& numbers_;
  const int number_;
};

// The GPU this thread has a scope of; -1: none.
thread_local int scoped = -1;

}  // namespace

CudaStreamLease::CudaStreamLease(int index) : index_(index) {
  if (index >= 0)
    c10::cuda::getDefaultCUDAStream(DeviceOf(index)).synchronize();
}

struct CudaStreamScope::Impl {
  explicit Impl(int index)
      : before(scoped),
        threaded(
            c10::AutogradState::get_tls_state().get_multithreading_enabled()),
        taken(Streams::Of(DeviceOf(index)).numbers()),
        stream(Streams::Of(DeviceOf(index)).Number(taken.number())),
        guard(stream) {
    scoped = index;
    c10::AutogradState::get_tls_state().set_multithreading_enabled(false);
  }
  ~Impl() {
    scoped = before;
    c10::AutogradState::get_tls_state().set_multithreading_enabled(threaded);
    // Must not throw; a broken stream has shown before.
    (void)cudaStreamSynchronize(stream.stream());
  }

  const int before;
  const bool threaded;
  const Taken taken;
  const c10::cuda::CUDAStream stream;
  const c10::cuda::CUDAStreamGuard guard;
};

CudaStreamScope::CudaStreamScope(const CudaStreamLease& lease) {
  if (lease.index() >= 0 && lease.index() != scoped)
    impl_ = std::make_unique<Impl>(lease.index());
}

CudaStreamScope::~CudaStreamScope() = default;

}  // namespace phosphene
