#include "server/engine/optimize/loop.h"

#include <chrono>
#include <cmath>
#include <utility>

#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/terms.h"
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

bool Redirects(const v1::GradientOverrides& overrides, int64_t step) {
  if (overrides.redirect_relu() == v1::GradientOverrides::REDIRECT_OFF)
    return false;
  const int64_t steps = overrides.has_redirect_steps()
                            ? overrides.redirect_steps()
                            : kRedirectSteps;
  return steps > 0 && step <= steps;
}

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

double Mean(const at::Tensor& values) {
  return values.mean(at::kDouble).item<double>();
}

}  // namespace

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
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::Error& e) {
    // What ran once runs again; on the first step it is the size.
    const std::string what = e.what_without_backtrace();
    if (ran_ || absl::StrContains(what, "memory")) throw;
    throw Refused{
        FieldError("spec.parameterization",
                   absl::StrCat("the network does not take an image of ",
                                view.input.size(3), " x ", view.input.size(2),
                                " (after the transforms): ", what))};
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
  for (const double value : RowValues()) {
    if (std::isfinite(value)) continue;
    throw Refused{absl::InvalidArgumentError(absl::StrCat(
        "the objective is not finite (", value, ") at step ", step,
        "; a smaller spec.optimizer.learning_rate or other weights may help"))};
  }
  // A parameter no objective depends on does not move.
  for (const ParamTensor& tensor : parts_.param->Tensors()) {
    if (!tensor.value.grad().defined())
      tensor.value.mutable_grad() = at::zeros_like(tensor.value);
  }
  NormalizeGradients(spec_.optimizer().normalize_gradient(),
                     parts_.param->Tensors());
  return total_.neg();
}

absl::Status Loop::Step(int64_t step) {
  const double rate =
      LearningRateAt(spec_.optimizer(), step, Engine::TotalSteps(spec_));
  const SteadyClock::time_point start = SteadyClock::now();
  double evaluating = 0;
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
  ran_ = true;
  return absl::OkStatus();
}

std::vector<double> Loop::RowValues() const {
  if (!total_.defined()) return {};
  const at::Tensor rows = total_.to(at::kCPU, at::kDouble).contiguous();
  return {rows.const_data_ptr<double>(),
          rows.const_data_ptr<double>() + rows.numel()};
}

std::vector<double> Loop::ObjectiveValues() const {
  std::vector<double> out;
  for (size_t i = 0; i < values_.size(); ++i) {
    const v1::Objective& share = parts_.objectives[i].share;
    out.push_back(share.has_row() ? values_[i][share.row()].item<double>()
                                  : Mean(values_[i]));
  }
  return out;
}

}  // namespace phosphene
