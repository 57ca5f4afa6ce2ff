// Steps recorded as CUDA graphs.

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAStream.h>

#include <utility>

#include "server/base/mutex.h"
#include "server/engine/cuda/step_graph.h"

namespace phosphene {
namespace {

// The caching allocator follows one capture at a time.
Mutex& CaptureMutex() {
  static auto* const mutex = new Mutex;
  return *mutex;
}

class GraphStep : public RecordedStep {
 public:
  explicit GraphStep(std::unique_ptr<at::cuda::CUDAGraph> graph)
      : graph_(std::move(graph)) {}
  void Replay() override { graph_->replay(); }

 private:
  std::unique_ptr<at::cuda::CUDAGraph> graph_;
};

class GraphRecorder : public StepRecorder {
 public:
  // One pool for all graphs: they run one after another on one stream, and each
  // ends with its results outside of the pool.
  GraphRecorder() : pool_(at::cuda::graph_pool_handle()) {}

  std::unique_ptr<RecordedStep> Record(
      const std::function<void()>& work) override {
    const MutexLock lock(&CaptureMutex());
    auto graph = std::make_unique<at::cuda::CUDAGraph>();
    try {
      // Thread-local: what other threads do on the GPU meanwhile is not a
      // fault.
      graph->capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
      work();
      graph->capture_end();
    } catch (...) {
      Abandon(*graph);
      throw;
    }
    return std::make_unique<GraphStep>(std::move(graph));
  }

 private:
  // Takes the stream and the allocator out of a capture that failed.
  void Abandon(at::cuda::CUDAGraph& graph) {
    try {
      graph.capture_end();
    } catch (const c10::Error&) {
      // It says that the capture is broken, which is known, and stops there.
    }
    try {
      c10::cuda::CUDACachingAllocator::endAllocateToPool(
          c10::cuda::getCurrentCUDAStream().device_index(), pool_);
    } catch (const c10::Error&) {
      // capture_end came as far as this itself.
    }
    (void)cudaGetLastError();
  }

  const c10::MempoolId_t pool_;
};

}  // namespace

std::unique_ptr<StepRecorder> MakeGraphRecorder() {
  return std::make_unique<GraphRecorder>();
}

}  // namespace phosphene
