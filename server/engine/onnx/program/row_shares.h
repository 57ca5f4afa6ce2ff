#pragma once

#include <functional>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// Rows of a batch that may be worked on side by side, one share per thread: the
// largest multiple of the threads in use that is at most `rows`, or 0 where
// that gains nothing (one thread, or already inside a parallel region).
int64_t RowsToShare(int64_t rows);

// run(input), with the rows of `input` cut into equal shares, each run and
// differentiated on one thread from end to end: no operator then waits for a
// second thread, and what a layer leaves in a core's cache the next one finds.
// `run` treats rows apart, may be called by several threads at once, and
// returns tensors whose first axis is the rows'. Differentiable.
// REQUIRES: RowsToShare(input.size(0)) == input.size(0) > 0.
Tensors RunInRowShares(
    const at::Tensor& input,
    const std::function<Tensors(const at::Tensor& rows)>& run);

}  // namespace phosphene::onnx
