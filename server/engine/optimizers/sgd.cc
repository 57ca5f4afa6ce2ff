// Gradient descent with momentum.

#include <utility>

#include "server/engine/optimizers/elementwise.h"
#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/str_cat.h"

namespace phosphene {
namespace {

// v <- momentum v + g, moved by v (by g + momentum v with Nesterov's look
// ahead; Sutskever et al. 2013 in the form that needs one gradient).
class Sgd : public ElementwiseOptimizer {
 public:
  Sgd(std::vector<ParamTensor> parameters, double momentum, bool nesterov)
      : ElementwiseOptimizer(std::move(parameters),
                             momentum > 0 ? std::vector<std::string>{"velocity"}
                                          : std::vector<std::string>{}),
        momentum_(momentum),
        nesterov_(nesterov) {}

 protected:
  void Update(at::Tensor& value, const at::Tensor& gradient,
              std::vector<at::Tensor>& slots, double learning_rate) override {
    at::Tensor direction = gradient;
    if (momentum_ > 0) {
      slots[0].mul_(momentum_).add_(gradient);
      direction = nesterov_ ? slots[0].mul(momentum_).add_(gradient) : slots[0];
    }
    // Two roundings on purpose: fused ones differ at a vector's end.
    value.sub_(direction.mul(learning_rate));
  }

 private:
  double momentum_;
  bool nesterov_;
};

std::string WhyNotReplayed(const v1::Optimizer& spec) {
  return "its learning rate comes from the host";
}

}  // namespace

const OptimizerKind& SgdOptimizerKind() {
  static const OptimizerKind kind = {
      .arm = "sgd",
      .default_learning_rate = 0.1,
      .check =
          [](const v1::Optimizer& spec, absl::string_view path,
             Faults& faults) {
            if (spec.sgd().nesterov() && spec.sgd().momentum() == 0) {
              faults.Add(absl::StrCat(path, ".sgd.nesterov"),
                         "needs a momentum above 0");
            }
          },
      .make = [](const v1::Optimizer& spec, std::vector<ParamTensor> parameters)
          -> std::unique_ptr<OptimizerFn> {
        return std::make_unique<Sgd>(std::move(parameters),
                                     spec.sgd().momentum(),
                                     spec.sgd().nesterov());
      },
      .why_not_replayed = WhyNotReplayed};
  return kind;
}

}  // namespace phosphene
