#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/engine/engine.h"
#include "server/engine/optimize/checkpoint.h"
#include "server/engine/optimize/plan.h"
#include "server/engine/optimize/reporter.h"
#include "server/engine/optimize/zero_gradient.h"
#include "server/engine/step/parts.h"
#include "server/engine/step/step.h"

namespace phosphene {

// A job from its start, or from a checkpoint, over all octaves: where it
// stands, and the parts of its octave. What JobSession promises, for tensor
// code that throws: device_session.h puts the border around it.
// Thread-compatible.
class Session {
 public:
  // `spec` as CompleteSpec makes it, checked; `stated` as it was sent. The
  // context's `spec` is set here; what else it points at must outlive this, as
  // must `sink`.
  Session(v1::JobSpec spec, v1::JobSpec stated, PlanContext context,
          RunSink& sink, std::stop_token stop);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Call once, first. `checkpoint`: bytes, "" for a fresh start; it brings the
  // network's dtype, which else is the context's. DATA_LOSS: a checkpoint of
  // another spec, or damaged.
  absl::Status Start(absl::string_view checkpoint);
  // See JobSession.
  absl::StatusOr<bool> Step();
  absl::StatusOr<RunResult> Finish();
  int64_t step() const { return step_; }

 private:
  bool Stopped() const { return stop_.stop_requested(); }
  absl::Status Resume(const Checkpoint& state);
  absl::Status Restore(const Checkpoint& state);
  absl::Status CheckSameNetwork(const Checkpoint& state) const;
  int64_t ModelFingerprint() const;
  // The parts of octave_; from `previous`, the parameters of the one before.
  absl::Status MakeOctave(Param* previous);
  absl::Status NextOctave();
  absl::Status MakeStepper();
  absl::Status Advance();
  absl::Status CheckpointIfDue();
  std::string Serialize() const;
  absl::Status CheckFinite() const;
  std::vector<std::string> Notes(bool finished) const;
  void AddTileNotes(std::vector<std::string>* notes) const;

  const v1::JobSpec spec_;
  const v1::JobSpec stated_;  // as it was sent
  PlanContext context_;
  RunSink& sink_;
  const std::stop_token stop_;
  Parts parts_;
  std::optional<Reporter> reporter_;                 // from the first step on
  std::unique_ptr<Stepper> stepper_;                 // of parts_
  std::map<std::string, at::Tensor> stepper_state_;  // of a checkpoint
  bool in_tiles_ = false;
  ZeroGradientWatch watch_;
  int64_t octave_ = 0;
  int64_t step_ = 0;  // done
  bool done_ = false;
  double value_ = 0;
};

}  // namespace phosphene
