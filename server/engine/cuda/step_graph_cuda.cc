// Steps recorded as CUDA graphs.

#include "server/engine/cuda/step_graph.h"

#include <ATen/ATen.h>
#include <ATen/core/CachingHostAllocator.h>
#include <ATen/cuda/CUDAContextLight.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/GradMode.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAStream.h>

#include <set>
#include <utility>
#include <vector>

#include "server/base/mutex.h"

namespace phosphene {
namespace {

namespace Allocator = c10::cuda::CUDACachingAllocator;

// Held while a graph is made or ends: the caching allocator follows one capture
// at a time, and graphs are entered in a list of the random generator that
// nothing else guards.
Mutex& CaptureMutex() {
  static auto* const mutex = new Mutex;
  return *mutex;
}

class GraphStep : public RecordedStep {
 public:
  explicit GraphStep(std::unique_ptr<at::cuda::CUDAGraph> graph)
      : graph_(std::move(graph)) {}
  ~GraphStep() override {
    const MutexLock lock(&CaptureMutex());
    graph_.reset();
  }
  void Replay() override { graph_->replay(); }

 private:
  std::unique_ptr<at::cuda::CUDAGraph> graph_;
};

// Libraries make their handles for a thread at its first call, which cannot be
// recorded; what a job ran before, it may have run on another thread.
void MakeHandles(c10::DeviceIndex device) {
  thread_local std::set<c10::DeviceIndex> made;
  if (!made.insert(device).second) return;
  const c10::NoGradGuard no_grad;
  const at::Tensor one = at::ones(
      {1, 1, 1, 1}, at::TensorOptions(at::kFloat).device(at::kCUDA, device));
  at::conv2d(one, one);
  at::mm(one.view({1, 1}), one.view({1, 1}));
}

void Ignoring(const std::function<void()>& fn) {
  try {
    fn();
  } catch (const std::exception&) {
    // What fn undoes was not done, or is undone.
  }
}

// Graphs that use a pool.
int UsesOf(const c10::MempoolId_t& pool, c10::DeviceIndex device) {
  int uses = 0;  // also of a pool that was never used
  Ignoring([&] { uses = Allocator::getPoolUseCount(device, pool); });
  return uses;
}

class GraphRecorder : public StepRecorder {
 public:
  // One pool for the graphs of a job: they run one after another, and each ends
  // with its results outside of the pool. Jobs cannot share one: theirs run at
  // the same time.
  GraphRecorder() : pools_({at::cuda::graph_pool_handle()}) {}
  ~GraphRecorder() override {
    const MutexLock lock(&CaptureMutex());
    // All graphs have ended, but their memory goes back only when told to.
    for (const c10::MempoolId_t& pool : pools_)
      Ignoring([&pool] { Allocator::emptyCache(pool); });
  }

  std::unique_ptr<RecordedStep> Record(
      const std::function<void()>& work) override {
    const MutexLock lock(&CaptureMutex());
    const c10::DeviceIndex device =
        c10::cuda::getCurrentCUDAStream().device_index();
    MakeHandles(device);
    // cuBLAS works in memory that libtorch keeps for a thread and a stream. A
    // graph must have its own, from its pool: it runs on streams that others
    // use at the same time.
    at::cuda::clearCublasWorkspaces();
    const int uses = UsesOf(pools_.back(), device);
    auto graph = std::make_unique<at::cuda::CUDAGraph>();
    try {
      // Thread-local: what other threads do on the GPU meanwhile is not a
      // fault.
      graph->capture_begin(pools_.back(), cudaStreamCaptureModeThreadLocal);
      work();
      graph->capture_end();
    } catch (...) {
      Abandon(std::move(graph), device, uses);
      throw;
    }
    at::cuda::clearCublasWorkspaces();
    return std::make_unique<GraphStep>(std::move(graph));
  }

  void FreeMemory() override {
    const MutexLock lock(&CaptureMutex());
    Allocator::emptyCache();
  }

 private:
  // Takes the stream and the allocators out of a capture that failed. libtorch
  // 2.11 leaves that undone: its capture_end stops where the stream says that
  // the capture is broken, before it tells the allocators, and its end of a
  // graph gives a pool back only when the capture had ended well.
  void Abandon(std::unique_ptr<at::cuda::CUDAGraph> graph,
               c10::DeviceIndex device, int uses) {
    const c10::MempoolId_t pool = pools_.back();
    at::HostAllocator* const host = at::getHostAllocator(at::kCUDA);
    Ignoring([&] { graph->capture_end(); });
    Ignoring([&] { Allocator::endAllocateToPool(device, pool); });
    Ignoring([&] { host->end_allocate_to_pool(pool); });
    graph.reset();
    at::cuda::clearCublasWorkspaces();
    for (int more = UsesOf(pool, device) - uses; more > 0; --more) {
      Ignoring([&] { Allocator::releasePool(device, pool); });
      Ignoring([&] { host->release_pool(pool); });
    }
    Ignoring([&] { Allocator::emptyCache(pool); });
    // Whatever the allocators remember of this pool concerns no later one.
    pools_.push_back(at::cuda::graph_pool_handle());
    (void)cudaGetLastError();
  }

  // The last one is for the graphs to come.
  std::vector<c10::MempoolId_t> pools_;
};

}  // namespace

std::unique_ptr<StepRecorder> MakeGraphRecorder() {
  return std::make_unique<GraphRecorder>();
}

}  // namespace phosphene
