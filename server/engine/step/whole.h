#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "phosphene/v1/job.pb.h"
#include "server/engine/optimize/plan.h"
#include "server/engine/optimize/replay.h"

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

// Whether ReLUs that would pass nothing are redirected at a step (0-based).
bool Redirects(const v1::GradientOverrides& overrides, int64_t step);

// The step: image = param; view = transforms(image and companions);
// activations = network(view); loss[r] = -sum of weighted objectives; backward;
// optimizer. A pure function of the parts' state and the step's number.
// Confined to a thread.
class Loop {
 public:
  // All must outlive this.
  Loop(const v1::JobSpec& spec, Parts& parts) : spec_(spec), parts_(parts) {}

  // Runs step `step` (0-based, over all octaves). INVALID_ARGUMENT: the network
  // does not take the view's size (first step alone); or the loss is not
  // finite: the message says at which step. Throws as tensor code does.
  absl::Status Step(int64_t step);

  // Weighted sum of the objectives at the last step, one per row.
  std::vector<double> RowValues() const;
  // Each objective of the spec at the last step, unweighted, mean over the rows
  // it sees.
  std::vector<double> ObjectiveValues() const;

  // Collects times until told otherwise; null: none. Steps then run eagerly.
  void set_times(StepTimes* times) { times_ = times; }

  // From now on steps are recorded and replayed where they can be; the spec
  // must be one that WhyNotReplayed has nothing against. Steps with redirected
  // ReLUs run eagerly.
  void set_replay(std::unique_ptr<StepReplay> replay) {
    replay_ = std::move(replay);
  }
  // After a replayed step, which leaves no gradients behind: whether each row's
  // gradient was zero. Null after an eager one.
  const std::vector<bool>* ZeroRows() const {
    return report_.host.defined() ? &report_.zero_rows : nullptr;
  }

 private:
  at::Tensor Evaluate(int64_t step);
  at::Tensor Losses(int64_t step);
  StepView View(const at::Tensor& image, int64_t step);
  at::Tensor WithCompanions(const at::Tensor& image, int64_t step) const;
  void RunNetwork(StepView& view);
  at::Tensor Sum(const StepView& view);
  absl::Status StepEagerly(int64_t step, double rate);
  absl::Status StepByReplay(int64_t step, double rate);
  std::unique_ptr<CollectingFeed> Draw(int64_t step);
  void DeviceWork(int64_t step, StepFeed& feed);
  at::Tensor Report() const;
  int64_t ReportSize() const;
  void ReadReport();
  absl::Status CheckFinite(int64_t step) const;

  // What a replayed step says: [rows] totals, [rows] a value of each objective,
  // then for each parameter tensor whether its gradient is not 0, per row (or
  // once, for shared ones).
  struct StepReport {
    at::Tensor device;  // f32, made before anything is recorded
    at::Tensor host;    // f64 of the last step; undefined after an eager one
    std::vector<bool> zero_rows;
  };

  const v1::JobSpec& spec_;
  Parts& parts_;
  StepTimes* times_ = nullptr;
  // Heights and widths that went through the network.
  std::set<std::pair<int64_t, int64_t>> ran_;
  std::map<std::string, at::Tensor> activations_;
  std::vector<at::Tensor> values_;  // [rows] each, detached
  at::Tensor total_;                // [rows], detached
  std::unique_ptr<StepReplay> replay_;
  StepReport report_;
  int64_t drawn_step_ = -1;
  std::unique_ptr<CollectingFeed> drawn_;  // of drawn_step_, made ahead
};

}  // namespace phosphene
