#pragma once

#include <optional>
#include <string>

#include "phosphene/v1/model.pb.h"

namespace phosphene::onnx {

// What trying a network showed of the range its pictures are given in.
struct RangeEvidence {
  // Median of |photo - grey| / |photo| over the layers; none without layers
  // that are not zero.
  std::optional<double> contrast;
  // Median of how many times as much activations vary as in training, by the
  // statistics of BatchNormalizations; none without them.
  std::optional<double> variance;
  // The classifier is sure of grey, noise and a photo alike.
  bool certain = false;
};

// One sentence of what is probably wrong, "" where nothing speaks for that.
// Statistics of training, where there are any, decide alone; signs that speak
// against each other give no advice; what `config` has already is not advised.
std::string RangeVerdict(const RangeEvidence& evidence,
                         const v1::ModelConfig& config);

}  // namespace phosphene::onnx
