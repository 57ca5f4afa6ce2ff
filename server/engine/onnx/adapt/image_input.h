#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "phosphene/v1/model.pb.h"
#include "server/engine/onnx/adapt/image_form.h"
#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// The input that pictures are given to: the config's, else the one most like a
// picture, else of several the one that more of the network can be made from.
// INVALID_ARGUMENT ("config.input"): there is no such input, or none is one.
absl::StatusOr<std::string> ChooseImage(const Graph& graph,
                                        const v1::ModelConfig& config,
                                        std::vector<std::string>* notes);

// Brings the input to floating-point [N,C,H,W] (canonical.h); notes say what
// was done. Returns how often the picture stands among the rows of what nodes
// read: above 1 for a file of a fixed batch, of which the first row counts.
// INVALID_ARGUMENT: its shape is none of a picture.
absl::StatusOr<int64_t> TakeImages(const std::string& image,
                                   const v1::ModelConfig& config, Graph* graph,
                                   std::vector<std::string>* notes);

// Inputs that switch training on or say what share of values is kept in it get
// the value of inference and are constants then.
void SetSwitches(Graph* graph, std::vector<std::string>* notes);

}  // namespace phosphene::onnx
