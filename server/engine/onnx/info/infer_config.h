#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "phosphene/v1/model.pb.h"
#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// Fills in what `config` leaves open about how images enter a canonical graph
// (adapt/adapt.h) at `config.input`: range, mean, std and channel order; class
// names and the size of pictures to try where the file notes them. As soon as
// one of the first four is set, the others take their defaults; with none set
// they are inferred (conventions.h), and a note says what was taken and how to
// override it. INVALID_ARGUMENT with field paths below "config": values that
// are not finite, a std of 0, an empty range, counts that fit neither 1 nor the
// input's channels, BGR of other than 3.
absl::Status CompleteConfig(const Graph& graph, v1::ModelConfig* config,
                            std::vector<std::string>* notes);

}  // namespace phosphene::onnx
