#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "server/engine/optimizers/interface.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// A bowl a row: loss[r] = sum_i c_i (x_ri - t_i)^2, minimum 0 at t.
struct Quadratic {
  at::Tensor target = at::tensor({1.f, -2.f, .5f, 3.f});
  at::Tensor curvature = at::tensor({1.f, 10.f, .1f, 2.f});
  at::Tensor x;  // [rows,4]

  explicit Quadratic(const at::Tensor& start)
      : x(start.clone().set_requires_grad(true)) {}

  std::vector<ParamTensor> Parameters() const { return {{"x", x, true}}; }
  at::Tensor Loss() const { return (curvature * (x - target).square()).sum(1); }
  at::Tensor Evaluate() {
    x.mutable_grad().reset();
    const at::Tensor loss = Loss();
    loss.sum().backward();
    return loss.detach();
  }
  double Value() const { return Loss().sum().item<double>(); }
};

// `arm` of the optimizer's oneof, otherwise default.
v1::Optimizer OptimizerOf(absl::string_view arm);

// Moves a problem by `steps` steps.
template <typename Problem>
void Move(OptimizerFn& optimizer, Problem& problem, int steps,
          double learning_rate) {
  for (int i = 0; i < steps; ++i) {
    optimizer.Step(learning_rate, [&problem] { return problem.Evaluate(); });
  }
}

inline std::unique_ptr<OptimizerFn> MakeOptimizer(
    const v1::Optimizer& spec, std::vector<ParamTensor> parameters) {
  return FindOptimizerKind(spec)->make(spec, std::move(parameters));
}

}  // namespace phosphene
