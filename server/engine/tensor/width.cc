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

// OpenMP's number for regions of this thread. ATen's own setter speaks for all
// threads to come as well, and throws caches away.
void SetAmbient(int threads) {
  if (omp_get_max_threads() != threads) omp_set_num_threads(threads);
}

// ATen gives a thread its number of threads (OpenMP's and MKL's) at the first
// call that asks; here that is settled, with 1.
void CalmThread() {
  static std::mutex mu;
  thread_local bool calm = false;
  if (calm && at::get_num_threads() == 1) return;
  const std::lock_guard lock(mu);
  at::get_num_threads();  // or it would be set anew later
  at::set_num_threads(1);
  calm = true;
}

}  // namespace

LaneWidth::LaneWidth(int threads)
    : lane_before_(lane_threads), ambient_before_(at::get_num_threads()) {
  CalmThread();
  lane_threads = std::max(threads, 1);
}

LaneWidth::~LaneWidth() {
  lane_threads = lane_before_;
  SetAmbient(ambient_before_);
}

int AvailableThreads() {
  if (omp_in_parallel()) return 1;
  return lane_threads > 0 ? lane_threads : at::get_num_threads();
}

Widened::Widened() : ambient_before_(at::get_num_threads()) {
  SetAmbient(AvailableThreads());
}

Widened::~Widened() { SetAmbient(ambient_before_); }

OneThread::OneThread()
    : lane_before_(lane_threads), ambient_before_(at::get_num_threads()) {
  lane_threads = 1;
  SetAmbient(1);
}

OneThread::~OneThread() {
  lane_threads = lane_before_;
  SetAmbient(ambient_before_);
}

void EachAlone(int64_t count, const std::function<void(int64_t)>& fn) {
  const StepContext context = current_step_context;
  const bool records = at::GradMode::is_enabled();
  const int64_t threads = std::min<int64_t>(count, AvailableThreads());
  std::atomic<int64_t> next = 0;
  const Widened wide;
  // A share for each thread; pieces go to whoever is free.
  at::parallel_for(0, threads, 1, [&](int64_t begin, int64_t end) {
    const OneThread alone;
    const StepContextScope same(context);
    const at::AutoGradMode record(records);
    for (int64_t share = begin; share < end; ++share) {
      for (int64_t i = next++; i < count; i = next++) fn(i);
    }
  });
}

}  // namespace phosphene
