#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "server/engine/cuda/stream_scope.h"
#include "server/engine/engine.h"
#include "server/engine/optimize/session.h"
#include "server/engine/tensor/step_context.h"

namespace phosphene {

// The border around a Session: exceptions become statuses, each call computes
// with the threads it is given (or on a stream of the GPU), and its memory is
// measured. Thread-compatible.
class DeviceSession : public JobSession {
 public:
  struct Options {
    int gpu = -1;        // index; -1: the CPU
    int threads = 1;     // where a call says 0
    JobMemory estimate;  // until it is measured
    // Told what was measured, when the session ends after a step or more.
    std::function<void(const JobMemory&)> measured;
  };
  // Makes the session that `make` gives. Errors are those of `make`, and what
  // it throws.
  static absl::StatusOr<std::unique_ptr<JobSession>> Open(
      Options options, int threads,
      const std::function<absl::StatusOr<std::unique_ptr<Session>>()>& make);
  ~DeviceSession() override;

  absl::StatusOr<bool> Step(int threads) override;
  absl::StatusOr<RunResult> Finish(int threads) override;
  int64_t step() const override;
  JobMemory memory() const override;

 private:
  explicit DeviceSession(Options options);
  // Runs `fn` as work of this session; `what` begins the message of what it
  // throws.
  template <typename T, typename Fn>
  absl::StatusOr<T> Within(absl::string_view what, int threads, const Fn& fn);

  const Options options_;
  const CudaStreamLease lease_;
  AllocationMeter meter_;
  JobMemory memory_;
  bool measured_ = false;
  std::unique_ptr<Session> session_;
};

}  // namespace phosphene
