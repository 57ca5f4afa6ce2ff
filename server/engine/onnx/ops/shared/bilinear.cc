// Bilinear sampling at any points.

#include "server/engine/onnx/ops/shared/bilinear.h"

#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {

at::Tensor SampleBilinear(const at::Tensor& x, const at::Tensor& rows,
                          const at::Tensor& columns, bool largest) {
  const int64_t b = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3),
                points = rows.size(1);
  CheckSize({b, c, points});
  const at::Tensor flat = x.reshape({b, c, h * w});
  const at::Tensor top = rows.detach().floor(), left = columns.detach().floor();
  at::Tensor out;
  for (int64_t down : {0, 1}) {
    for (int64_t right : {0, 1}) {
      const at::Tensor row = top + down, column = left + right;
      const at::Tensor inside = row.ge(0)
                                    .logical_and_(row.lt(h))
                                    .logical_and_(column.ge(0))
                                    .logical_and_(column.lt(w));
      const at::Tensor index =
          (row.clamp(0, h - 1) * w + column.clamp(0, w - 1))
              .to(at::kLong)
              .unsqueeze(1)
              .expand({b, c, points});
      // 1 - |distance|, with the sign the side gives.
      const at::Tensor down_weight = down ? rows - top : 1 - (rows - top);
      const at::Tensor right_weight =
          right ? columns - left : 1 - (columns - left);
      const at::Tensor weight =
          (down_weight * right_weight).masked_fill(inside.logical_not(), 0);
      const at::Tensor part = flat.gather(2, index) * weight.unsqueeze(1);
      out = !out.defined() ? part
            : largest      ? at::maximum(out, part)
                           : out + part;
    }
  }
  return out;
}

}  // namespace phosphene::onnx
