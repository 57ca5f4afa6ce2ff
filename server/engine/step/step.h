#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/engine/step/lanes.h"
#include "server/engine/step/tally.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// Milliseconds spent in the parts of steps, summed; for benchmarks.
struct StepTimes {
  double param = 0;
  double transforms = 0;
  double network = 0;  // forward
  double objectives = 0;
  double backward = 0;  // through all of the above
  double optimizer = 0;
};

// Adds the milliseconds it lives to a sum, if there is one.
class StepTimer {
 public:
  using Clock = std::chrono::steady_clock;
  explicit StepTimer(double* sum) : sum_(sum) {
    if (sum_ != nullptr) start_ = Clock::now();
  }
  // To a part of `times`; null: none.
  StepTimer(StepTimes* times, double StepTimes::*part)
      : StepTimer(times == nullptr ? nullptr : &(times->*part)) {}
  ~StepTimer() {
    if (sum_ == nullptr) return;
    *sum_ += std::chrono::duration<double, std::milli>(Clock::now() - start_)
                 .count();
  }
  StepTimer(const StepTimer&) = delete;
  StepTimer& operator=(const StepTimer&) = delete;

 private:
  double* const sum_;
  Clock::time_point start_;
};

// Advances the rows of a job by one step: image = param; view =
// transforms(image and companions); activations = network(view); loss[r] =
// -sum of weighted objectives; backward; optimizer. Implementations differ in
// how the device does it: whole.h, tiled.h, replayed.h. A step is a pure
// function of its lane and of the state of the parts it was made on. Confined
// to a thread.
class Stepper {
 public:
  virtual ~Stepper() = default;

  // Runs the lane's step. INVALID_ARGUMENT: the network does not take the
  // view's size (first step alone); or the loss is not finite: the message says
  // at which step. CANCELLED: stopped inside of the step, which left no trace;
  // only steppers that are told when to stop do that. Throws as tensor code
  // does.
  virtual absl::Status Advance(const Lane& lane) = 0;

  // Weighted sum of the objectives at the last step, one per row.
  virtual std::vector<double> RowValues() const = 0;
  // Each objective of the spec at the last step, unweighted, mean over the rows
  // it sees.
  virtual std::vector<double> ObjectiveValues() const = 0;
  // Whether each row's gradient was zero, where the last step left no gradients
  // behind; null: look at those of the parameters.
  virtual const std::vector<bool>* ZeroRows() const { return nullptr; }

  // What a resume needs beyond the state of the parts; same keys both ways.
  virtual void Save(std::map<std::string, at::Tensor>* state) const {}
  virtual void Load(const std::map<std::string, at::Tensor>& state) {}

  // Collects times until told otherwise; null: none.
  virtual void set_times(StepTimes* times) = 0;
};

}  // namespace phosphene
