#pragma once

#include <functional>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// Rows of a batch that are run apart, see RunInRowShares: all of them where
// there are several, else 0. It does not depend on the threads there are: how
// many rows share a call of a library may decide their bits.
int64_t RowsToShare(int64_t rows);

// run(input) for each row of `input` [N,...] alone, as a graph of its own: as
// many rows side by side as AvailableThreads() takes, each on one thread from
// end to end (no operator then waits for a second thread, and what a layer
// leaves in a core's cache the next one finds); rows that are left over one
// after the other, each on all threads. `run` treats rows apart, may be called
// by several threads at once, and returns tensors whose first axis is the
// rows'. Differentiable.
Tensors RunInRowShares(
    const at::Tensor& input,
    const std::function<Tensors(const at::Tensor& rows)>& run);

}  // namespace phosphene::onnx
