// The number of threads that compute, kept apart from the bits they make.

#include "server/engine/tensor/width.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "server/engine/tensor/torch_pch.h"

#include <ATen/Parallel.h>

#include "server/engine/tensor/step_context.h"

namespace phosphene {
namespace {

// Of the innermost LaneWidth or OneThread; 0: none lives.
thread_local int lane_threads = 0;

// OpenMP's number for regions of this thread. ATen sets it once a thread, when
// first asked, in its library and again in the templates of its headers, which
// have a flag of their own: both must lie behind us before it is changed.
int Ambient() {
  at::internal::lazy_init_num_threads();
  return at::get_num_threads();
}

// ATen's own setter speaks for all threads to come as well, and throws caches
// away.
void SetAmbient(int threads) {
  if (omp_get_max_threads() != threads) omp_set_num_threads(threads);
}

// OpenMP and MKL at one thread.
void CalmThread() {
  static std::mutex mu;
  thread_local bool calm = false;
  if (calm && Ambient() == 1) return;
  const std::lock_guard lock(mu);
  Ambient();
  at::set_num_threads(1);
  calm = true;
}

}  // namespace

LaneWidth::LaneWidth(int threads)
    : lane_before_(lane_threads), ambient_before_(Ambient()) {
  CalmThread();
  lane_threads = std::max(threads, 1);
}

LaneWidth::~LaneWidth() {
  lane_threads = lane_before_;
  SetAmbient(ambient_before_);
}

int AvailableThreads() {
  if (omp_in_parallel()) return 1;
  return lane_threads > 0 ? lane_threads : Ambient();
}

Widened::Widened() : ambient_before_(Ambient()) {
  SetAmbient(AvailableThreads());
}

Widened::~Widened() { SetAmbient(ambient_before_); }

OneThread::OneThread()
    : lane_before_(lane_threads), ambient_before_(Ambient()) {
  lane_threads = 1;
  SetAmbient(1);
}

OneThread::~OneThread() {
  lane_threads = lane_before_;
  SetAmbient(ambient_before_);
}

void WideFor(int64_t count, int64_t grain,
             const std::function<void(int64_t, int64_t)>& fn) {
  const Widened wide;
  at::parallel_for(0, count, grain, fn);
}

void EachAlone(int64_t count, const std::function<void(int64_t)>& fn) {
  const StepContext context = current_step_context;
  const bool records = at::GradMode::is_enabled();
  std::atomic<int64_t> next = 0;
  const Widened wide;
  // A share for each thread; pieces go to whoever is free. At least two: where
  // MKL may use more threads, a parallel region keeps it on one inside, which a
  // single share, run inline, would not.
  const int64_t shares =
      std::max<int64_t>(std::min<int64_t>(count, AvailableThreads()), 2);
  at::parallel_for(0, shares, 1, [&](int64_t begin, int64_t end) {
    const OneThread alone;
    const StepContextScope same(context);
    const at::AutoGradMode record(records);
    for (int64_t share = begin; share < end; ++share) {
      for (int64_t i = next++; i < count; i = next++) fn(i);
    }
  });
}

}  // namespace phosphene
