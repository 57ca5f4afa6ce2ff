#pragma once

#include <cstdint>
#include <optional>

#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// What scaled dot-product attention (Vaswani et al. 2017, 3.2.1) is told beside
// its tensors.
struct AttentionSpec {
  std::optional<double> scale;  // of the products; unset: 1 / sqrt(head size)
  double softcap = 0;           // c > 0: products are c tanh(product / c)
  bool causal = false;          // key j is seen by query i when j <= i + past
  // Keys at most so far before and behind the query are seen; -1: any.
  int64_t left_window = -1, right_window = -1;
  std::optional<at::ScalarType> softmax_type;  // softmax is computed in
};

struct AttentionInputs {
  at::Tensor query;       // [N,heads,L,E]
  at::Tensor key, value;  // [N,G,S,E], [N,G,S,Ev]; G divides heads
  // Undefined, truth values (true: seen) or numbers added to the products;
  // broadcast to [N,heads,L,S]. A last axis shorter than S hides the rest.
  at::Tensor mask;
  // Keys known before the first query: a number, or one per row [N,1,1,1].
  at::Tensor offset;  // undefined: 0
  // Keys of each row that are none: [N] counts of those that are; undefined.
  at::Tensor valid_keys;
};

// What attention makes on the way, for who asks.
struct AttentionResult {
  at::Tensor out;       // [N,heads,L,Ev]
  at::Tensor products;  // [N,heads,L,S], scaled
  at::Tensor capped;    // after the softcap
  at::Tensor biased;    // after masks
  at::Tensor weights;   // after the softmax; rows of queries that see no key
                        // are 0
};

// Rows of the batch apart, differentiable in query, key, value and mask.
AttentionResult Attend(const AttentionSpec& spec, const AttentionInputs& in);

// [N,L,heads*E] to [N,heads,L,E] and back.
at::Tensor SplitHeads(const at::Tensor& x, int64_t heads);
at::Tensor JoinHeads(const at::Tensor& x);

}  // namespace phosphene::onnx
