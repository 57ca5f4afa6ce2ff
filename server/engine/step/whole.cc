// One optimization step: image, transforms, network, objectives, backward,
// update.

#include "server/engine/optimize/loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/shared/terms.h"
#include "server/engine/optimizers/normalize.h"
#include "server/engine/tensor/rng.h"

namespace phosphene {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int64_t kRedirectSteps = 16;  // lucid: while global_step <= 16

// Refusals that must cross the optimizer, which knows no Status.
struct Refused {
  absl::Status status;
};

// Adds the time it lives to a sum, if there is one.
class Timer {
 public:
  explicit Timer(double* milliseconds) : sum_(milliseconds) {
    if (sum_ != nullptr) start_ = SteadyClock::now();
  }
  ~Timer() {
    if (sum_ == nullptr) return;
    *sum_ +=
        std::chrono::duration<double, std::milli>(SteadyClock::now() - start_)
            .count();
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  double* sum_;
  SteadyClock::time_point start_;
};

// A companion at canvas size: as it is, or a crop drawn anew each step.
at::Tensor CompanionView(const Companion& companion, const Canvas& canvas,
                         uint64_t seed, int64_t step, size_t index) {
  at::Tensor image = companion.image;
  if (!companion.crop_each_step) return image;
  if (image.size(2) < canvas.height || image.size(3) < canvas.width) {
    throw Refused{
        FieldError("spec.objectives",
                   absl::StrCat("a reference image of ", image.size(3), " x ",
                                image.size(2), " is smaller than the canvas, ",
                                canvas.width, " x ", canvas.height,
                                ", it is cropped to"))};
  }
  Rng rng(seed, RngStream::kObjective, step, static_cast<uint32_t>(index));
  const int64_t top = rng.Index(image.size(2) - canvas.height + 1);
  const int64_t left = rng.Index(image.size(3) - canvas.width + 1);
  return image.narrow(2, top, canvas.height).narrow(3, left, canvas.width);
}

// RGB as the image's channels: grey by luma, alpha opaque.
at::Tensor WithChannels(const at::Tensor& rgb, int64_t channels) {
  if (channels == 1) {
    return rgb.select(1, 0)
        .mul(.299)
        .add(rgb.select(1, 1), .587)
        .add(rgb.select(1, 2), .114)
        .unsqueeze(1);
  }
  if (channels == 4) return at::constant_pad_nd(rgb, {0, 0, 0, 0, 0, 1}, 1);
  return rgb;
}

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

double Mean(const at::Tensor& values) {
  return values.mean(at::kDouble).item<double>();
}

}  // namespace

bool Redirects(const v1::GradientOverrides& overrides, int64_t step) {
  if (overrides.redirect_relu() == v1::GradientOverrides::REDIRECT_OFF)
    return false;
  const int64_t steps = overrides.has_redirect_steps()
                            ? overrides.redirect_steps()
                            : kRedirectSteps;
  return steps > 0 && step <= steps;
}

at::Tensor Loop::WithCompanions(const at::Tensor& image, int64_t step) const {
  if (parts_.companions.empty()) return image;
  std::vector<at::Tensor> batch = {image};
  for (size_t i = 0; i < parts_.companions.size(); ++i) {
    batch.push_back(
        WithChannels(CompanionView(parts_.companions[i], parts_.canvas,
                                   spec_.seed(), step, i),
                     image.size(1)));
  }
  return at::cat(batch);
}

StepView Loop::View(const at::Tensor& image, int64_t step) {
  const Timer timer(times_ == nullptr ? nullptr : &times_->transforms);
  StepView view;
  view.step = step;
  view.rows = image.size(0);
  view.image = image;
  view.input =
      parts_.transforms->Apply(WithCompanions(image, step), spec_.seed(), step);
  if (image.size(1) == 4) {
    view.alpha = image.narrow(1, 3, 1);
    if (parts_.wants_input_alpha) {
      view.input_alpha =
          parts_.transforms->ApplyAlpha(view.alpha, spec_.seed(), step);
    }
  }
  // Grey is shown to a colour network on all three channels.
  if (view.input.size(1) == 1 && parts_.network_channels == 3) {
    view.input = view.input.expand({-1, 3, -1, -1});
  }
  return view;
}

void Loop::RunNetwork(StepView& view) {
  const Timer timer(times_ == nullptr ? nullptr : &times_->network);
  Network* network = parts_.network.get();
  if (network == nullptr) return;
  network->set_redirect_relu(Redirects(spec_.gradient_overrides(), view.step));
  try {
    activations_ = network->Forward(view.input);
    ran_.emplace(view.input.size(2), view.input.size(3));
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::Error& e) {
    // What ran at a size runs again; else it is the size.
    const std::string what = e.what_without_backtrace();
    const std::pair size(view.input.size(2), view.input.size(3));
    if (ran_.count(size) > 0 || absl::StrContains(what, "memory")) throw;
    throw Refused{FieldError(
        spec_.transforms().empty() ? "spec.parameterization"
                                   : "spec.transforms",
        absl::StrCat("the network does not take an image of ", size.second,
                     " x ", size.first, " (after the transforms): ", what,
                     "; a resize at the end of the transforms gives every "
                     "image the size it takes"))};
  }
  view.activations = &activations_;
}

at::Tensor Loop::Sum(const StepView& view) {
  const Timer timer(times_ == nullptr ? nullptr : &times_->objectives);
  at::Tensor total;
  values_.clear();
  for (const ObjectivePart& part : parts_.objectives) {
    const at::Tensor value = part.fn->Value(view);
    values_.push_back(value.detach());
    const at::Tensor share = ApplyShare(part.share, value);
    total = total.defined() ? total + share : share;
  }
  return total;
}

at::Tensor Loop::Losses(int64_t step) {
  at::Tensor image;
  {
    const Timer timer(times_ == nullptr ? nullptr : &times_->param);
    image = parts_.param->Image(step);
  }
  StepView view = View(image, step);
  RunNetwork(view);
  return Sum(view).neg();
}

at::Tensor Loop::Evaluate(int64_t step) {
  for (const ParamTensor& tensor : parts_.param->Tensors())
    tensor.value.mutable_grad().reset();
  const at::Tensor losses = Losses(step);
  activations_.clear();
  if (losses.requires_grad()) {
    const Timer timer(times_ == nullptr ? nullptr : &times_->backward);
    losses.sum().backward();
  }
  total_ = losses.detach().neg();
  const absl::Status finite = CheckFinite(step);
  if (!finite.ok()) throw Refused{finite};
  // A parameter no objective depends on does not move.
  for (const ParamTensor& tensor : parts_.param->Tensors()) {
    if (!tensor.value.grad().defined())
      tensor.value.mutable_grad() = at::zeros_like(tensor.value);
  }
  NormalizeGradients(spec_.optimizer().normalize_gradient(),
                     parts_.param->Tensors());
  return total_.neg();
}

absl::Status Loop::CheckFinite(int64_t step) const {
  for (const double value : RowValues()) {
    if (std::isfinite(value)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "the objective is not finite (", value, ") at step ", step,
        "; a smaller spec.optimizer.learning_rate or other weights may help"));
  }
  return absl::OkStatus();
}

absl::Status Loop::Step(int64_t step) {
  const double rate =
      LearningRateAt(spec_.optimizer(), step, Engine::TotalSteps(spec_));
  const bool replays = replay_ != nullptr && times_ == nullptr &&
                       !Redirects(spec_.gradient_overrides(), step);
  return replays ? StepByReplay(step, rate) : StepEagerly(step, rate);
}

absl::Status Loop::StepEagerly(int64_t step, double rate) {
  const SteadyClock::time_point start = SteadyClock::now();
  double evaluating = 0;
  report_.host.reset();
  try {
    parts_.optimizer->Step(rate, [&] {
      const Timer timer(&evaluating);
      return Evaluate(step);
    });
  } catch (const Refused& refused) {
    return refused.status;
  }
  if (times_ != nullptr) {
    times_->optimizer +=
        std::chrono::duration<double, std::milli>(SteadyClock::now() - start)
            .count() -
        evaluating;
  }
  return absl::OkStatus();
}

absl::Status Loop::StepByReplay(int64_t step, double rate) {
  std::unique_ptr<CollectingFeed> drawn =
      drawn_step_ == step ? std::move(drawn_) : Draw(step);
  drawn_step_ = -1;
  if (!report_.device.defined()) {
    report_.device = at::empty(
        {ReportSize()},
        parts_.param->Tensors()[0].value.options().requires_grad(false));
  }
  std::string why;
  bool ready = false;
  try {
    ready = replay_->Prepare(
        *drawn, [this, step](StepFeed& feed) { DeviceWork(step, feed); }, &why);
  } catch (const Refused& refused) {
    return refused.status;
  }
  if (!why.empty())
    LogInfo("steps run one operation at a time", {{"why", why}});
  if (!ready) return StepEagerly(step, rate);
  replay_->Run(*drawn, parts_.optimizer->Advance(rate));
  // The next step's draws while this one runs.
  drawn_ = Draw(step + 1);
  drawn_step_ = step + 1;
  ReadReport();
  return CheckFinite(step);
}

std::unique_ptr<CollectingFeed> Loop::Draw(int64_t step) {
  auto drawn = std::make_unique<CollectingFeed>();
  const FeedScope scope(*parts_.transforms, drawn.get());
  const Canvas& canvas = parts_.canvas;
  const auto companions = static_cast<int64_t>(parts_.companions.size());
  const auto image = [&](int64_t rows, int64_t channels) {
    return at::empty({rows, channels, canvas.height, canvas.width},
                     at::TensorOptions(at::kFloat).device(at::kMeta));
  };
  parts_.transforms->Apply(image(canvas.rows + companions, canvas.channels),
                           spec_.seed(), step);
  if (canvas.channels == 4 && parts_.wants_input_alpha)
    parts_.transforms->ApplyAlpha(image(canvas.rows, 1), spec_.seed(), step);
  return drawn;
}

// The part of a step that is recorded: it reads the host's share from `feed`
// and leaves its results in the parameters, the optimizer and the report.
void Loop::DeviceWork(int64_t step, StepFeed& feed) {
  const std::vector<ParamTensor> parameters = parts_.param->Tensors();
  for (const ParamTensor& tensor : parameters)
    tensor.value.mutable_grad().reset();
  {
    const FeedScope scope(*parts_.transforms, &feed);
    const at::Tensor losses = Losses(step);
    activations_.clear();
    losses.sum().backward();
    total_ = losses.detach().neg();
  }
  for (const ParamTensor& tensor : parameters) {
    if (!tensor.value.grad().defined())
      tensor.value.mutable_grad() = at::zeros_like(tensor.value);
  }
  const at::Tensor report = Report();
  TORCH_CHECK(report.sizes() == report_.device.sizes(),
              "an objective's value is not one per row");
  report_.device.copy_(report);
  parts_.optimizer->Apply(
      feed.Put(at::empty({OptimizerFn::kScalars}), "optimizer"));
  for (const ParamTensor& tensor : parameters)
    tensor.value.mutable_grad().reset();
  total_.reset();
  values_.clear();
}

int64_t Loop::ReportSize() const {
  int64_t size =
      parts_.canvas.rows * (1 + static_cast<int64_t>(parts_.objectives.size()));
  for (const ParamTensor& tensor : parts_.param->Tensors())
    size += tensor.per_row ? tensor.value.size(0) : 1;
  return size;
}

at::Tensor Loop::Report() const {
  std::vector<at::Tensor> parts = {total_};
  parts.insert(parts.end(), values_.begin(), values_.end());
  for (const ParamTensor& tensor : parts_.param->Tensors()) {
    const at::Tensor moved = tensor.value.grad().ne(0);
    parts.push_back(
        (tensor.per_row ? moved.flatten(1).any(1) : moved.any().view({1}))
            .to(at::kFloat));
  }
  return at::cat(parts);
}

void Loop::ReadReport() {
  report_.host = report_.device.to(at::kCPU, at::kDouble);
  const double* moved =
      report_.host.const_data_ptr<double>() +
      parts_.canvas.rows * (1 + static_cast<int64_t>(parts_.objectives.size()));
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
  report_.zero_rows.assign(std::max<size_t>(1, row_moves.size()),
                           !shared_moves);
  for (size_t row = 0; row < row_moves.size(); ++row) {
    if (row_moves[row]) report_.zero_rows[row] = false;
  }
}

std::vector<double> Loop::RowValues() const {
  if (report_.host.defined()) {
    const double* values = report_.host.const_data_ptr<double>();
    return {values, values + parts_.canvas.rows};
  }
  if (!total_.defined()) return {};
  const at::Tensor rows = total_.to(at::kCPU, at::kDouble).contiguous();
  return {rows.const_data_ptr<double>(),
          rows.const_data_ptr<double>() + rows.numel()};
}

std::vector<double> Loop::ObjectiveValues() const {
  std::vector<double> out;
  if (report_.host.defined()) {
    const int64_t rows = parts_.canvas.rows;
    for (size_t i = 0; i < parts_.objectives.size(); ++i) {
      const at::Tensor value =
          report_.host.narrow(0, rows * (1 + static_cast<int64_t>(i)), rows);
      const v1::Objective& share = parts_.objectives[i].share;
      out.push_back(share.has_row() ? value[share.row()].item<double>()
                                    : Mean(value));
    }
    return out;
  }
  for (size_t i = 0; i < values_.size(); ++i) {
    const v1::Objective& share = parts_.objectives[i].share;
    out.push_back(share.has_row() ? values_[i][share.row()].item<double>()
                                  : Mean(values_[i]));
  }
  return out;
}

}  // namespace phosphene
