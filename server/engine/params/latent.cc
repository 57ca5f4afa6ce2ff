// Random starts, row by row and shared.
#include "server/engine/params/latent.h"

#include "server/engine/tensor/rng.h"

namespace phosphene {

at::Tensor RandomRows(const LatentContext& context, at::IntArrayRef shape,
                      uint32_t draw, double sd) {
  std::vector<int64_t> sizes = {context.canvas.rows};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  at::Tensor rows = at::empty(sizes, at::kFloat);
  for (int64_t row = 0; row < context.canvas.rows; ++row) {
    const Rng rng(RowSeed(context.seed, row), RngStream::kInit, 0,
                  context.first_draw + draw);
    rows.select(0, row).copy_(rng.NormalTensor(shape));
  }
  return rows.mul_(sd).to(context.device).requires_grad_();
}

at::Tensor RandomShared(const LatentContext& context, at::IntArrayRef shape,
                        uint32_t draw, double sd) {
  const Rng rng(context.seed, RngStream::kInit, 0, context.first_draw + draw);
  return rng.NormalTensor(shape).mul_(sd).to(context.device).requires_grad_();
}

}  // namespace phosphene
