#pragma once

#include <memory>
#include <string>

#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// Which rows of a larger store a tensor holds for the length of a step.
struct WorkingSet {
  at::Tensor rows;     // i64 [n] on the tensor's device, each once
  int64_t stored = 0;  // rows of the store so far; it only grows
};

// A tensor the optimizer moves.
struct ParamTensor {
  std::string name;     // key in checkpoints, such as "spectrum"
  at::Tensor value;     // leaf, f32, requires_grad
  bool per_row = true;  // dim 0 is the row: optimizer state is kept per row
  // Where `value` [n,...] is the part of a larger store that this step works on
  // (the tiles of an atlas that are seen): which, set by the owner before the
  // gradient is known. Optimizer state is kept for each row of the store and
  // rests while the row is not worked on: moments do not decay, and the count
  // of steps for their bias is the job's. The owner keeps and saves the store.
  // Null: `value` is all there is.
  std::shared_ptr<const WorkingSet> working;
};

}  // namespace phosphene
