#pragma once

#include <string>
#include <vector>

#include "phosphene/v1/job.pb.h"
#include "server/engine/onnx/program/network.h"

namespace phosphene {

// A sentence for each gradient override that a spec asks for and that finds no
// operator to act on anywhere in the network: redirected or linear ReLU without
// a Relu or Clip, smoothed max-pooling without a MaxPool. What a spec leaves at
// its default is not a wish, so nothing is said of it.
std::vector<std::string> OverrideNotes(const v1::GradientOverrides& overrides,
                                       const NetworkInfo& network);

}  // namespace phosphene
