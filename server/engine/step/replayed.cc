// Steps recorded once and replayed.

#include "server/engine/step/replayed.h"

#include <algorithm>
#include <string>
#include <utility>

#include "server/base/log.h"
#include "server/engine/step/refused.h"

namespace phosphene {
namespace {

// Sends what transforms draw through a feed while it lives.
class FeedScope {
 public:
  FeedScope(TransformChain& transforms, StepFeed* feed)
      : transforms_(transforms) {
    transforms_.set_feed(feed);
  }
  ~FeedScope() { transforms_.set_feed(nullptr); }
  FeedScope(const FeedScope&) = delete;
  FeedScope& operator=(const FeedScope&) = delete;

 private:
  TransformChain& transforms_;
};

}  // namespace

void ReplayedStepper::set_times(StepTimes* times) {
  timed_ = times != nullptr;
  whole_.set_times(times);
}

absl::Status ReplayedStepper::Advance(const Lane& lane) {
  replayed_ = false;
  try {
    replayed_ = !timed_ && !Redirects(lane) && Replay(lane);
  } catch (const Refused& refused) {
    return refused.status;
  }
  return replayed_ ? tally_.CheckFinite(lane.step, parts_.objectives)
                   : whole_.Advance(lane);
}

// False: this step is to run whole.
bool ReplayedStepper::Replay(const Lane& lane) {
  std::unique_ptr<CollectingFeed> drawn =
      drawn_step_ == lane.step ? std::move(drawn_) : Draw(lane);
  drawn_step_ = -1;
  if (!report_.defined()) {
    report_ = at::empty(
        {ReportSize()},
        parts_.param->Tensors()[0].value.options().requires_grad(false));
  }
  std::string why;
  const bool ready = replay_->Prepare(
      *drawn, [this, lane](StepFeed& feed) { DeviceWork(lane, feed); }, &why);
  if (!why.empty())
    LogInfo("steps run one operation at a time", {{"why", why}});
  if (!ready) return false;
  replay_->Run(*drawn, parts_.optimizer->Advance(lane.rate));
  // The next step's draws while this one runs.
  Lane next = lane;
  ++next.step;
  drawn_ = Draw(next);
  drawn_step_ = next.step;
  ReadReport();
  return true;
}

std::unique_ptr<CollectingFeed> ReplayedStepper::Draw(const Lane& lane) {
  auto drawn = std::make_unique<CollectingFeed>();
  const FeedScope scope(*parts_.transforms, drawn.get());
  const Canvas& canvas = parts_.canvas;
  const auto companions = static_cast<int64_t>(parts_.companions.size());
  const auto image = [&](int64_t rows, int64_t channels) {
    return at::empty({rows, channels, canvas.height, canvas.width},
                     at::TensorOptions(at::kFloat).device(at::kMeta));
  };
  parts_.transforms->Apply(image(canvas.rows + companions, canvas.channels),
                           lane.seed, lane.step);
  if (canvas.channels == 4 && parts_.wants_input_alpha)
    parts_.transforms->ApplyAlpha(image(canvas.rows, 1), lane.seed, lane.step);
  return drawn;
}

// The part of a step that is recorded: it reads the host's share from `feed`
// and leaves its results in the parameters, the optimizer and the report.
void ReplayedStepper::DeviceWork(const Lane& lane, StepFeed& feed) {
  const std::vector<ParamTensor> parameters = parts_.param->Tensors();
  for (const ParamTensor& tensor : parameters)
    tensor.value.mutable_grad().reset();
  Tally tally;
  {
    const FeedScope scope(*parts_.transforms, &feed);
    whole_.Losses(lane, &tally).sum().backward();
  }
  FillGradients(parameters);
  const at::Tensor report = Report(tally);
  TORCH_CHECK(report.sizes() == report_.sizes(),
              "an objective's value is not one per row");
  report_.copy_(report);
  parts_.optimizer->Apply(
      feed.Put(at::empty({OptimizerFn::kScalars}), "optimizer"));
  for (const ParamTensor& tensor : parameters)
    tensor.value.mutable_grad().reset();
}

int64_t ReplayedStepper::ReportSize() const {
  int64_t size =
      parts_.canvas.rows * (1 + static_cast<int64_t>(parts_.objectives.size()));
  for (const ParamTensor& tensor : parts_.param->Tensors())
    size += tensor.per_row ? tensor.value.size(0) : 1;
  return size;
}

at::Tensor ReplayedStepper::Report(const Tally& tally) const {
  std::vector<at::Tensor> parts = {tally.total};
  parts.insert(parts.end(), tally.values.begin(), tally.values.end());
  for (const ParamTensor& tensor : parts_.param->Tensors()) {
    const at::Tensor moved = tensor.value.grad().ne(0);
    parts.push_back(
        (tensor.per_row ? moved.flatten(1).any(1) : moved.any().view({1}))
            .to(at::kFloat));
  }
  return at::cat(parts);
}

void ReplayedStepper::ReadReport() {
  const at::Tensor host = report_.to(at::kCPU, at::kDouble);
  const int64_t rows = parts_.canvas.rows;
  const auto objectives = static_cast<int64_t>(parts_.objectives.size());
  tally_.total = host.narrow(0, 0, rows);
  tally_.values.clear();
  for (int64_t i = 0; i < objectives; ++i)
    tally_.values.push_back(host.narrow(0, rows * (1 + i), rows));
  ReadZeroRows(host.const_data_ptr<double>() + rows * (1 + objectives));
}

// A row is still where neither its own parameters nor shared ones move.
void ReplayedStepper::ReadZeroRows(const double* moved) {
  bool shared_moves = false;
  std::vector<bool> row_moves;
  for (const ParamTensor& tensor : parts_.param->Tensors()) {
    if (!tensor.per_row) {
      shared_moves = *moved++ != 0 || shared_moves;
      continue;
    }
    const auto rows = static_cast<size_t>(tensor.value.size(0));
    row_moves.resize(std::max(row_moves.size(), rows));
    for (size_t row = 0; row < rows; ++row)
      row_moves[row] = *moved++ != 0 || row_moves[row];
  }
  zero_rows_.assign(std::max<size_t>(1, row_moves.size()), !shared_moves);
  for (size_t row = 0; row < row_moves.size(); ++row) {
    if (row_moves[row]) zero_rows_[row] = false;
  }
}

std::vector<double> ReplayedStepper::RowValues() const {
  return replayed_ ? tally_.RowValues() : whole_.RowValues();
}

std::vector<double> ReplayedStepper::ObjectiveValues() const {
  return replayed_ ? tally_.ObjectiveValues(parts_.objectives)
                   : whole_.ObjectiveValues();
}

}  // namespace phosphene
