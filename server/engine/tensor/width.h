#pragma once

#include <cstdint>
#include <functional>

namespace phosphene {

// How many threads compute, without a byte that depends on it.
//
// What a job makes is what ONE thread makes: the ambient width of a thread that
// works on a job (OpenMP's, which ATen and oneDNN follow, and MKL's) is 1, so
// that code that nobody looked at gives one thread's bits: reductions,
// transforms, products of matrices, ends of vectors. Code that was shown to
// give the same bits on any number of threads widens itself:
// WideFor for loops, Widened around a library's call, and EachAlone where whole
// pieces of work, cut by sizes alone and never by threads, each run on one.
//
// Where no LaneWidth lives (tests, tools, threads that check or look into
// files) there is nothing to widen to: Widened changes nothing and all code
// runs on as many threads as OpenMP has there, which is 1 on threads that came
// after the process's first LaneWidth.

// The scope of a step, or of what comes before and after steps, on this thread:
// ambient width 1, and `threads` (1 or more) for what widens itself. Nests.
// The first one sets ATen's number of threads to 1 for the whole process. MKL
// stays at one thread on a thread that had one.
class LaneWidth {
 public:
  explicit LaneWidth(int threads);
  ~LaneWidth();
  LaneWidth(const LaneWidth&) = delete;
  LaneWidth& operator=(const LaneWidth&) = delete;

 private:
  const int lane_before_, ambient_before_;
};

// Threads that work may be spread over here: those of the innermost LaneWidth
// or OneThread; 1 inside of a parallel region, and in what EachAlone calls;
// without any of them OpenMP's.
int AvailableThreads();

// While it lives, parallel regions and at::parallel_for of this thread use
// AvailableThreads(). Nests. Backward functions need their own: they run on the
// thread that calls backward, but after the scope of the forward pass.
class Widened {
 public:
  Widened();
  ~Widened();
  Widened(const Widened&) = delete;
  Widened& operator=(const Widened&) = delete;

 private:
  const int ambient_before_;
};

// While it lives, everything this thread calls uses it alone.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  const int lane_before_, ambient_before_;
};

// at::parallel_for over 0..count-1 on AvailableThreads(), `grain` or more at a
// time: fn(begin, end). What it makes must not depend on how the range is cut.
void WideFor(int64_t count, int64_t grain,
             const std::function<void(int64_t, int64_t)>& fn);

// Calls fn(0) .. fn(count-1), each wholly on one thread (the caller or one of
// its team), as many at a time as AvailableThreads() allows, in no order. The
// caller's StepContext and grad mode hold inside. Exceptions come through.
void EachAlone(int64_t count, const std::function<void(int64_t)>& fn);

}  // namespace phosphene
