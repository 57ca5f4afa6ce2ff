#pragma once

#include <cstdint>

#include "phosphene/v1/job.pb.h"
#include "server/engine/params/interface.h"

namespace phosphene {

// The smallest and largest view that the transforms can leave of a canvas.
struct ViewSizes {
  int64_t min_height = 0, min_width = 0;
  int64_t max_height = 0, max_width = 0;
};

// REQUIRES: TransformChain::Check passed.
ViewSizes ViewSizesOf(const v1::JobSpec& spec, const Canvas& canvas);

// Bytes a run takes at the least, beside the network's weights: parameters,
// gradients, optimizer state and images of the canvas, and activations of the
// view. A lower bound, to refuse before memory is spent what cannot fit.
int64_t LeastMemory(const v1::JobSpec& spec, bool reads_network);

}  // namespace phosphene
