#pragma once

#include "server/engine/tensor/torch_pch.h"
#include "server/engine/transforms/interface.h"

namespace phosphene {

// fn(colours) with the alpha of a four-channel image put back behind it, so
// that changes of colour leave alpha alone. fn maps [N,C,H,W] to the same
// shape.
template <typename Fn>
at::Tensor OnColors(const at::Tensor& image, const Fn& fn) {
  if (image.size(1) != 4) return fn(image);
  return at::cat({fn(image.narrow(1, 0, 3)), image.narrow(1, 3, 1)}, 1);
}

// draw_one(rng) for the batch as [1,...], or for each row as [N,...].
template <typename Fn>
at::Tensor DrawTensor(bool per_row, int64_t rows, const TransformDraw& draw,
                      const Fn& draw_one) {
  std::vector<at::Tensor> out;
  for (int64_t row = 0; row < (per_row ? rows : 1); ++row)
    out.push_back(draw_one(draw.rng(row)));
  return at::stack(out);
}

}  // namespace phosphene
