#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "server/engine/cuda/step_graph.h"
#include "server/engine/tensor/step_feed.h"

namespace phosphene {

// Recorded steps of one run, one for each shape of step: random scales make
// images of several sizes, and a recording holds for one. A shape met for the
// first time runs one operation at a time (which also warms up what libraries
// prepare at a first call), is recorded when it is met again, and replayed from
// then on. When a step cannot be recorded, none is from then on, and what was
// recorded ends. One thread at a time.
class StepReplay {
 public:
  // Shapes recorded at most; jobs of more run the rest eagerly.
  static constexpr size_t kMaxShapes = 32;

  StepReplay(std::unique_ptr<StepRecorder> recorder, at::Device device)
      : recorder_(std::move(recorder)), device_(device) {}

  // Whether a step of this shape can be replayed now: recorded before, or
  // recorded here by running `work`, device work alone, on a feed of its own.
  // The last thing `work` takes is [OptimizerFn::kScalars] scalars of the
  // optimizer. False: run the step eagerly. `why` then says a reason worth
  // telling, once per reason; else it is left empty.
  bool Prepare(const CollectingFeed& drawn,
               const std::function<void(StepFeed&)>& work, std::string* why);
  // Replays the step that Prepare said yes to, with the values of `drawn` and
  // the scalars; does not wait for its end.
  void Run(const CollectingFeed& drawn, const at::Tensor& scalars);

  size_t recorded() const { return shapes_.size(); }

 private:
  struct Shape {
    std::shared_ptr<StaticFeed> feed;
    std::unique_ptr<RecordedStep> step;
  };

  std::unique_ptr<RecordedStep> Record(const std::function<void()>& work);

  const std::unique_ptr<StepRecorder> recorder_;
  const at::Device device_;
  std::set<std::string> seen_;
  std::map<std::string, Shape> shapes_;
  bool told_many_ = false, failed_ = false;
};

}  // namespace phosphene
