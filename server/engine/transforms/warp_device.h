#pragma once

#include <vector>

#include "server/engine/tensor/step_feed.h"
#include "server/engine/tensor/torch_pch.h"
#include "server/engine/transforms/warp.h"

namespace phosphene {

// RunWarp by tables: each pass is packed into words, which go to the device of
// `image` (through `feed` when there is one), and one kernel forward and at
// most two backward read them there. Images on the CPU take plain loops over
// the same arithmetic, slower than warp_kernels.h: for tests and for replayed
// steps. An image on the meta device gives the result's shape.
at::Tensor RunWarpTables(const at::Tensor& image,
                         const std::vector<WarpPath>& paths, bool is_alpha,
                         StepFeed* feed);

}  // namespace phosphene
