#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "phosphene/v1/model.pb.h"
#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// Fills in what `config` leaves open about how images enter the network:
// `input` (the only input that can be an image), and range, mean, std and
// channel order. As soon as one of the last four is set, the others take their
// defaults; with none set, they are inferred from who wrote the graph and its
// names (Caffe, Keras' caffe mode, CLIP, PyTorch), and a note says what was
// taken and how to override it. INVALID_ARGUMENT with field paths below
// "config": values that are not finite, a std of 0, an empty range, counts
// that fit neither 1 nor `channels`, an unknown input.
absl::Status CompleteConfig(const Graph& graph, v1::ModelConfig* config,
                            std::vector<std::string>* notes);

// Channels of the image input, from its declared shape or the first
// convolution; 0 when neither tells.
int64_t ImageChannels(const Graph& graph, const std::string& input);

}  // namespace phosphene::onnx
