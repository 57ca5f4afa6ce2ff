#pragma once

#include <memory>

namespace phosphene {

// While it lives, this thread's work on GPU `index` goes to a stream of its own
// (graphs cannot be recorded on the default one, and jobs on one GPU overlap),
// and backward passes run on this thread, not on the one thread a GPU that
// libtorch keeps for all jobs. A negative index: nothing changes. Its end waits
// for the stream. Two implementations, job_scope_present.cc and
// job_scope_absent.cc.
class CudaJobScope {
 public:
  explicit CudaJobScope(int index);
  ~CudaJobScope();
  CudaJobScope(const CudaJobScope&) = delete;
  CudaJobScope& operator=(const CudaJobScope&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phosphene
