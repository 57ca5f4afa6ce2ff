#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/optimizer.pb.h"
#include "server/base/faults.h"
#include "server/engine/tensor/param_tensor.h"
#include "server/engine/tensor/replayable.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// Moves parameters downhill. State is elementwise or per row, so rows stay
// independent. Confined to a thread.
class OptimizerFn {
 public:
  virtual ~OptimizerFn() = default;
  // One step; `evaluate` zeroes gradients, computes the loss (to be minimized,
  // [rows] f32) and fills .grad of every parameter. Most call it once.
  virtual void Step(double learning_rate,
                    const std::function<at::Tensor()>& evaluate) = 0;
  // The same step in two parts, for steps that are recorded once and replayed
  // (gradients are in place by then). Advance counts the step and returns its
  // scalars, f32 [kScalars] on the CPU; undefined, and nothing counted, where
  // an optimizer cannot. Apply updates the parameters reading the scalars from
  // a tensor on their device: device work alone.
  static constexpr int64_t kScalars = 4;
  virtual at::Tensor Advance(double learning_rate) { return {}; }
  virtual void Apply(const at::Tensor& scalars) {}
  // Everything a bitwise resume needs.
  virtual std::map<std::string, at::Tensor> Save() const = 0;
  virtual absl::Status Load(const std::map<std::string, at::Tensor>& state) = 0;
};

// A kind of optimizer: one arm of Optimizer.kind, one file.
struct OptimizerKind {
  const char* arm;
  double default_learning_rate;
  // What its fields must be to each other; null: nothing. What each may hold
  // are rules of optimizer.proto.
  void (*check)(const v1::Optimizer& spec, absl::string_view path,
                Faults& faults) = nullptr;
  std::unique_ptr<OptimizerFn> (*make)(const v1::Optimizer& spec,
                                       std::vector<ParamTensor> parameters);

  // Traits: what it is, said here and nowhere else.

  // Evaluates a step several times along a line through all parameters at once:
  // the loss must be a function of them, and they the same at every step.
  bool searches = false;
  // See tensor/replayable.h; Advance and Apply are built where it is "". Kinds
  // that do not say are not replayed.
  std::string (*why_not_replayed)(const v1::Optimizer& spec) = OtherEachStep;
};

const std::vector<const OptimizerKind*>& OptimizerKinds();
// The set arm's kind, Adam's when unset; nullptr when not built in.
const OptimizerKind* FindOptimizerKind(const v1::Optimizer& spec);
// By the rules of its fields and by its kind.
absl::Status CheckOptimizer(const v1::Optimizer& spec, absl::string_view path);
// Learning rate at a step (0-based) of `steps`, schedule applied.
double LearningRateAt(const v1::Optimizer& spec, int64_t step, int64_t steps);

}  // namespace phosphene
