#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "phosphene/v1/job.pb.h"
#include "server/engine/onnx/program/network.h"

namespace phosphene {

// The spec with what it leaves to its network filled in: channels of the canvas
// where the network takes others than 3, and sizes of `fit` transforms for the
// layers that the objectives read. Those at the end of the list that then have
// nothing to do are left out. What is wrong with the spec stays as it is.
// `network` may be null. Pure: a job is a function of its spec and its network.
v1::JobSpec CompleteSpec(const v1::JobSpec& spec, const NetworkInfo* network);

// Names of the layers that the objectives read, resolved, sorted, each once;
// those the network has not are left out.
std::vector<std::string> ResolvedLayersOf(const v1::JobSpec& spec,
                                          const NetworkInfo& network);

// Height and width that a fit to `sizes` makes of these.
std::pair<int64_t, int64_t> FittingSize(const InputSizes& sizes, int64_t height,
                                        int64_t width);

}  // namespace phosphene
