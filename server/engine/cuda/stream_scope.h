#pragma once

#include <memory>

namespace phosphene {

// A job's claim to streams of GPU `index`, for as long as it is open. Made
// after everything that was queued on the GPU's default stream is done. A
// negative index: nothing is claimed, and scopes of it change nothing. Two
// implementations of this header, stream_scope_cuda.cc and
// stream_scope_stub.cc. Thread-safe.
class CudaStreamLease {
 public:
  explicit CudaStreamLease(int index);
  int index() const { return index_; }

 private:
  int index_;
};

// While it lives, this thread's work on the lease's GPU goes to a stream that
// no other thread uses (graphs cannot be recorded on the default one, and jobs
// on one GPU overlap), and backward passes run on this thread, not on the one
// thread a GPU that libtorch keeps for all jobs. Its end waits for the stream,
// so that a job may go on with another scope, on any thread and stream, and
// memory that it gave back is free for all.
//
// A scope takes the lowest free stream: memory that libtorch keeps for reuse
// belongs to a stream, so that as many are warm as jobs step at the same time.
// At most kMaxStreams scopes at once on a GPU; throws c10::Error beyond. Inside
// of a scope of the same GPU another one changes nothing.
class CudaStreamScope {
 public:
  static constexpr int kMaxStreams = 32;  // libtorch's pool of one priority

  explicit CudaStreamScope(const CudaStreamLease& lease);
  ~CudaStreamScope();
  CudaStreamScope(const CudaStreamScope&) = delete;
  CudaStreamScope& operator=(const CudaStreamScope&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phosphene
