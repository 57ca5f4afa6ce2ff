#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "phosphene/v1/objective.pb.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/onnx/program/network.h"
#include "server/engine/optimizers/interface.h"
#include "server/engine/params/interface.h"
#include "server/engine/transforms/interface.h"

namespace phosphene {

// One objective of the spec.
struct ObjectivePart {
  std::unique_ptr<ObjectiveFn> fn;
  v1::Objective share;  // `weight` and `row` alone
  std::string label;
};

// Everything one octave runs on: a spec turned into parts, which
// optimize/plan.h does. Members are in the order they depend on each other.
// Confined to a thread.
struct Parts {
  Canvas canvas;  // of this octave
  std::unique_ptr<Param> param;
  std::unique_ptr<TransformChain> transforms;
  std::vector<ObjectivePart> objectives;
  std::vector<Companion> companions;  // on the device
  // Null where no objective reads a layer; other jobs may be using it.
  std::shared_ptr<const Network> network;
  int64_t network_channels = 0;  // the network's input channels; 0 without one
  // An objective reads alpha after the transforms.
  bool wants_input_alpha = false;
  bool wants_original = false;  // see StepView
  bool wants_coverage = false;
  std::unique_ptr<OptimizerFn> optimizer;
};

}  // namespace phosphene
