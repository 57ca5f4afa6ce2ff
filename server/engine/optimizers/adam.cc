// Adam, AdamW and NAdam.

#include <cmath>
#include <cstring>
#include <utility>

#include "server/engine/optimizers/elementwise.h"
#include "server/engine/tensor/torch_pch.h"

#include "server/engine/cuda/launch.h"
#include "server/engine/optimizers/adam_kernel.h"
#include "server/engine/tensor/width.h"

namespace phosphene {
namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8,
                 kWeightDecay = 0.01;
constexpr int64_t kGrain = 32768;  // elements per thread, at least

struct Settings {
  double beta1 = kBeta1;
  double beta2 = kBeta2;
  double epsilon = kEpsilon;
  double weight_decay = 0;
};

// Kingma & Ba 2014, algorithm 1; with weight decay Loshchilov & Hutter 2017,
// algorithm 2.
class Adam : public ElementwiseOptimizer {
 public:
  Adam(std::vector<ParamTensor> parameters, const Settings& settings)
      : ElementwiseOptimizer(std::move(parameters), {"m", "v"}),
        settings_(settings) {}

 protected:
  void Update(at::Tensor& value, const at::Tensor& gradient,
              std::vector<at::Tensor>& slots, double learning_rate) override {
    if (value.is_cpu()) {
      RunOnCpu(ScalarsAt(learning_rate), value, gradient, slots);
    } else {
      UpdateBy(Scalars(learning_rate).to(value.device()), value, gradient,
               slots);
    }
  }

  bool has_scalars() const override { return true; }
  at::Tensor Scalars(double learning_rate) const override {
    const AdamScalars now = ScalarsAt(learning_rate);
    static_assert(sizeof(AdamScalars) <= kScalars * sizeof(float));
    at::Tensor out = at::zeros({kScalars}, at::kFloat);
    std::memcpy(out.data_ptr<float>(), &now, sizeof(now));
    return out;
  }

  void UpdateBy(const at::Tensor& scalars, at::Tensor& value,
                const at::Tensor& gradient,
                std::vector<at::Tensor>& slots) override {
    if (value.is_cpu()) {
      AdamScalars now;
      std::memcpy(static_cast<void*>(&now), scalars.const_data_ptr<float>(),
                  sizeof(now));
      RunOnCpu(now, value, gradient, slots);
      return;
    }
    const at::Tensor moved = value.contiguous();
    const char* error = LaunchAdam(
        Fixed(),
        reinterpret_cast<const AdamScalars*>(scalars.const_data_ptr<float>()),
        moved.numel(), moved.data_ptr<float>(),
        gradient.const_data_ptr<float>(), slots[0].data_ptr<float>(),
        slots[1].data_ptr<float>(), moved.get_device());
    TORCH_CHECK(error == nullptr, "Adam on the GPU failed: ", error);
    if (!moved.is_same(value)) value.copy_(moved);
  }

 private:
  AdamSettings Fixed() const {
    AdamSettings s;
    s.beta1 = static_cast<float>(settings_.beta1);
    s.beta2 = static_cast<float>(settings_.beta2);
    s.fresh1 = static_cast<float>(1 - settings_.beta1);
    s.fresh2 = static_cast<float>(1 - settings_.beta2);
    s.epsilon = static_cast<float>(settings_.epsilon);
    return s;
  }

  // What changes from step to step, t = step(): rate / (1 - b1^t), 1 / sqrt(1 -
  // b2^t), and 1 - rate * decay.
  AdamScalars ScalarsAt(double learning_rate) const {
    AdamScalars now;
    now.step_size = static_cast<float>(learning_rate /
                                       (1 - std::pow(settings_.beta1, step())));
    now.square_factor = static_cast<float>(
        1 / std::sqrt(1 - std::pow(settings_.beta2, step())));
    now.keep = static_cast<float>(1 - learning_rate * settings_.weight_decay);
    return now;
  }

  void RunOnCpu(const AdamScalars& now, at::Tensor& value,
                const at::Tensor& gradient,
                std::vector<at::Tensor>& slots) const {
    const at::Tensor moved = value.contiguous();
    const AdamStep s{moved.data_ptr<float>(),
                     gradient.const_data_ptr<float>(),
                     slots[0].data_ptr<float>(),
                     slots[1].data_ptr<float>(),
                     Fixed(),
                     now};
    WideFor(moved.numel(), kGrain,
            [&s](int64_t begin, int64_t end) { RunAdam(s, begin, end); });
    if (!moved.is_same(value)) value.copy_(moved);
  }

  Settings settings_;
};

// Of AdamOptimizer and its kin, whose messages have these fields alike.
template <typename Arm>
Settings SettingsOf(const Arm& arm) {
  Settings settings;
  if (arm.has_beta1()) settings.beta1 = arm.beta1();
  if (arm.has_beta2()) settings.beta2 = arm.beta2();
  if (arm.has_epsilon()) settings.epsilon = arm.epsilon();
  return settings;
}

// Dozat 2016, with the momentum schedule of the paper:
// mu_t = beta1 (1 - 0.96^(t * 0.004) / 2).
class NAdam : public ElementwiseOptimizer {
 public:
  NAdam(std::vector<ParamTensor> parameters, const Settings& settings)
      : ElementwiseOptimizer(std::move(parameters), {"m", "v"}),
        settings_(settings) {}

 protected:
  void Begin() override {
    mu_ = Mu(step());
    mu_next_ = Mu(step() + 1);
    mu_product_ *= mu_;
  }

  void Update(at::Tensor& value, const at::Tensor& gradient,
              std::vector<at::Tensor>& slots, double learning_rate) override {
    const double beta1 = settings_.beta1, beta2 = settings_.beta2;
    // One operation at a time: each rounds once, so an element's bits do not
    // depend on where a vector ends.
    slots[0].mul_(beta1).add_(gradient.mul(1 - beta1));
    slots[1].mul_(beta2).add_(gradient.mul(gradient).mul_(1 - beta2));
    const at::Tensor denominator = slots[1]
                                       .mul(1 / (1 - std::pow(beta2, step())))
                                       .sqrt_()
                                       .add_(settings_.epsilon);
    const double now = learning_rate * (1 - mu_) / (1 - mu_product_);
    const double ahead =
        learning_rate * mu_next_ / (1 - mu_product_ * mu_next_);
    value.sub_(gradient.mul(now).div_(denominator));
    value.sub_(slots[0].mul(ahead).div_(denominator));
  }

  void SaveExtra(std::map<std::string, at::Tensor>* state) const override {
    (*state)["mu_product"] = at::full({1}, mu_product_, at::kDouble);
  }
  absl::Status LoadExtra(
      const std::map<std::string, at::Tensor>& state) override {
    const auto saved =
        FindState(state, "mu_product", at::empty({1}, at::kDouble));
    if (!saved.ok()) return saved.status();
    mu_product_ = saved->item<double>();
    return absl::OkStatus();
  }

 private:
  double Mu(int64_t t) const {
    return settings_.beta1 *
           (1 - 0.5 * std::pow(0.96, 0.004 * static_cast<double>(t)));
  }

  Settings settings_;
  double mu_ = 0, mu_next_ = 0, mu_product_ = 1;
};

std::string WhyNotReplayed(const v1::Optimizer& spec) {
  return "its learning rate comes from the host";
}

}  // namespace

const OptimizerKind& AdamOptimizerKind() {
  static const OptimizerKind kind = {
      .arm = "adam",
      .default_learning_rate = 0.05,
      .make = [](const v1::Optimizer& spec, std::vector<ParamTensor> parameters)
          -> std::unique_ptr<OptimizerFn> {
        return std::make_unique<Adam>(std::move(parameters),
                                      SettingsOf(spec.adam()));
      },
      .why_not_replayed = SameEachStep};
  return kind;
}

const OptimizerKind& AdamWOptimizerKind() {
  static const OptimizerKind kind = {
      .arm = "adamw",
      .default_learning_rate = 0.05,
      .make = [](const v1::Optimizer& spec, std::vector<ParamTensor> parameters)
          -> std::unique_ptr<OptimizerFn> {
        Settings settings = SettingsOf(spec.adamw());
        settings.weight_decay = spec.adamw().has_weight_decay()
                                    ? spec.adamw().weight_decay()
                                    : kWeightDecay;
        return std::make_unique<Adam>(std::move(parameters), settings);
      },
      .why_not_replayed = SameEachStep};
  return kind;
}

const OptimizerKind& NAdamOptimizerKind() {
  static const OptimizerKind kind = {
      .arm = "nadam",
      .default_learning_rate = 0.05,
      .make = [](const v1::Optimizer& spec, std::vector<ParamTensor> parameters)
          -> std::unique_ptr<OptimizerFn> {
        return std::make_unique<NAdam>(std::move(parameters),
                                       SettingsOf(spec.nadam()));
      },
      .why_not_replayed = WhyNotReplayed};
  return kind;
}

}  // namespace phosphene
