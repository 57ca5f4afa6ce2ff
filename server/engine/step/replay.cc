// Records a step of each shape once and replays it.

#include "server/engine/step/replay.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "server/engine/optimizers/interface.h"

namespace phosphene {
namespace {

std::vector<at::Tensor> With(std::vector<at::Tensor> drawn,
                             const at::Tensor& scalars) {
  drawn.push_back(scalars);
  return drawn;
}

}  // namespace

bool StepReplay::Prepare(const CollectingFeed& drawn,
                         const std::function<void(StepFeed&)>& work,
                         std::string* why) {
  why->clear();
  if (failed_) return false;
  if (shapes_.count(drawn.key()) > 0) return true;
  if (seen_.insert(drawn.key()).second) return false;
  if (shapes_.size() >= kMaxShapes) {
    if (!told_many_) {
      *why = absl::StrCat("the transforms make more than ", kMaxShapes,
                          " shapes of step; those met later are not recorded");
    }
    told_many_ = true;
    return false;
  }
  Shape shape;
  shape.feed = std::make_shared<StaticFeed>(
      With(drawn.tensors(), at::zeros({OptimizerFn::kScalars})), device_);
  try {
    shape.step = Record([feed = shape.feed, work] {
      feed->Rewind();
      work(*feed);
    });
  } catch (const c10::Error& e) {
    *why =
        absl::StrCat("a step cannot be recorded: ", e.what_without_backtrace());
    failed_ = true;
    shapes_.clear();
    return false;
  }
  shapes_.emplace(drawn.key(), std::move(shape));
  return true;
}

// A recording allocates apart from all else, so that what eager steps left in
// the allocator's cache, as much again, may be what it lacks.
std::unique_ptr<RecordedStep> StepReplay::Record(
    const std::function<void()>& work) {
  try {
    return recorder_->Record(work);
  } catch (const c10::OutOfMemoryError&) {
    recorder_->FreeMemory();
  }
  return recorder_->Record(work);
}

void StepReplay::Run(const CollectingFeed& drawn, const at::Tensor& scalars) {
  const Shape& shape = shapes_.at(drawn.key());
  shape.feed->Fill(With(drawn.tensors(), scalars));
  shape.step->Replay();
}

}  // namespace phosphene
