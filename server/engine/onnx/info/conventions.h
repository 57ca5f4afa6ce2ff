#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// How pictures enter networks of one origin.
struct Convention {
  std::string name;  // as a note says it
  double lo = 0, hi = 1;
  std::vector<double> mean = {0}, std = {1};
  bool bgr = false;
};

// What a graph speaks of, strongest first: what the exporter noted in the file,
// nodes that scale the picture themselves, whole-number inputs, and names that
// a family of networks or its exporter gives to values and weights. None where
// nobody known is recognized. `image` is its input [N,C,H,W] (adapt/adapt.h);
// families are known of 3 channels alone.
std::optional<Convention> RecogniseConvention(const Graph& graph,
                                              const std::string& image);

}  // namespace phosphene::onnx
