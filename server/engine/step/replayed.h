#pragma once

#include <memory>
#include <vector>

#include "server/engine/step/replay.h"
#include "server/engine/step/whole.h"

namespace phosphene {

// Steps recorded once for each shape and replayed, with what is drawn on the
// host fed in: on a GPU most of a small step's time is starting its operations.
// Equal to whole steps bitwise. Those with redirected ReLUs run whole, and so
// do all while times are collected.
class ReplayedStepper : public Stepper {
 public:
  // `parts` must outlive this. REQUIRES: WhyNotReplayed (replay_rules.h) has
  // nothing against the spec of the lanes to come.
  ReplayedStepper(Parts& parts, std::unique_ptr<StepReplay> replay)
      : parts_(parts), whole_(parts), replay_(std::move(replay)) {}

  absl::Status Advance(const Lane& lane) override;
  std::vector<double> RowValues() const override;
  std::vector<double> ObjectiveValues() const override;
  const std::vector<bool>* ZeroRows() const override {
    return replayed_ ? &zero_rows_ : nullptr;
  }
  void set_times(StepTimes* times) override;

 private:
  bool Replay(const Lane& lane);
  std::unique_ptr<CollectingFeed> Draw(const Lane& lane);
  void DeviceWork(const Lane& lane, StepFeed& feed);
  int64_t ReportSize() const;
  at::Tensor Report(const Tally& tally) const;
  void ReadReport();
  void ReadZeroRows(const double* moved);

  Parts& parts_;
  WholeStepper whole_;
  const std::unique_ptr<StepReplay> replay_;
  bool timed_ = false;
  // What a replayed step says: [rows] totals, [rows] a value of each objective,
  // then for each parameter tensor whether its gradient is not 0, per row (or
  // once, for shared ones). f32, made before anything is recorded.
  at::Tensor report_;
  bool replayed_ = false;  // the last step was; then what it said:
  Tally tally_;            // f64 on the CPU
  std::vector<bool> zero_rows_;
  int64_t drawn_step_ = -1;
  std::unique_ptr<CollectingFeed> drawn_;  // of drawn_step_, made ahead
};

}  // namespace phosphene
