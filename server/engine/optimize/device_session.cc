// The border around a job's tensor code: threads, streams, memory, statuses.

#include "server/engine/optimize/device_session.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "server/engine/tensor/guard.h"
#include "server/engine/tensor/width.h"

namespace phosphene {

DeviceSession::DeviceSession(Options options)
    : options_(std::move(options)),
      lease_(options_.gpu),
      memory_(options_.estimate) {}

DeviceSession::~DeviceSession() {
  if (measured_ && options_.measured) options_.measured(memory_);
  // Tensors of a GPU are given back where they were used.
  (void)Guarded("closing", [this] {
    const CudaStreamScope stream(lease_);
    session_.reset();
  });
}

template <typename T, typename Fn>
absl::StatusOr<T> DeviceSession::Within(absl::string_view what, int threads,
                                        const Fn& fn) {
  std::optional<absl::StatusOr<T>> result;
  const absl::Status thrown = Guarded(what, [&] {
    const LaneWidth width(threads > 0 ? threads : options_.threads);
    const StepContextScope context({.redirect_relu = false, .meter = &meter_});
    const CudaStreamScope stream(lease_);
    result.emplace(fn());
  });
  if (!thrown.ok()) return thrown;
  return *std::move(result);
}

absl::StatusOr<std::unique_ptr<JobSession>> DeviceSession::Open(
    Options options, int threads,
    const std::function<absl::StatusOr<std::unique_ptr<Session>>()>& make) {
  std::unique_ptr<DeviceSession> opened;
  const absl::Status claimed = Guarded("opening the job", [&] {
    opened.reset(new DeviceSession(std::move(options)));
  });
  if (!claimed.ok()) return claimed;
  auto made = opened->Within<std::unique_ptr<Session>>("opening the job",
                                                       threads, make);
  if (!made.ok()) return made.status();
  opened->session_ = *std::move(made);
  return opened;
}

absl::StatusOr<bool> DeviceSession::Step(int threads) {
  meter_.ResetPeak();
  const int64_t before = session_->step();
  absl::StatusOr<bool> more =
      Within<bool>("run", threads, [this] { return session_->Step(); });
  if (options_.gpu >= 0 || session_->step() == before) return more;
  const int64_t held = std::max<int64_t>(meter_.held(), 0);
  const int64_t step = std::max<int64_t>(meter_.peak() - held, 0);
  // Random sizes make some steps larger than others.
  memory_.held = measured_ ? std::max(memory_.held, held) : held;
  memory_.step = measured_ ? std::max(memory_.step, step) : step;
  measured_ = true;
  return more;
}

absl::StatusOr<RunResult> DeviceSession::Finish(int threads) {
  return Within<RunResult>("run", threads,
                           [this] { return session_->Finish(); });
}

int64_t DeviceSession::step() const { return session_->step(); }

JobMemory DeviceSession::memory() const { return memory_; }

}  // namespace phosphene
