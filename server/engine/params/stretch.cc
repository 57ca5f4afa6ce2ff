// n-d linear interpolation over rows, height and width. Source: Distill 2018,
// shared parameterization.
#include "server/engine/params/stretch.h"

#include <ATen/Context.h>

#include <algorithm>
#include <cmath>

#include "server/engine/tensor/autograd_function.h"
#include "server/engine/tensor/separable.h"
#include "server/engine/tensor/width.h"

namespace phosphene {
namespace {

// TensorFlow's convention by PyTorch's kernel: with one repeated cell at the
// far ends, in+1 cells onto out+1 positions corner to corner is a scale of
// exactly in/out; the last position is left out.
at::Tensor StretchPlane(const at::Tensor& plane, int64_t height,
                        int64_t width) {
  return at::upsample_bilinear2d(at::replication_pad2d(plane, {0, 1, 0, 1}),
                                 {height + 1, width + 1},
                                 /*align_corners=*/true)
      .narrow(-2, 0, height)
      .narrow(-1, 0, width);
}

// Its transpose: grad [1,1,height,width] -> [1,1,h,w].
at::Tensor StretchPlaneBackward(const at::Tensor& grad, int64_t h, int64_t w) {
  const int64_t height = grad.size(-2), width = grad.size(-1);
  at::Tensor cells = at::upsample_bilinear2d_backward(
      at::constant_pad_nd(grad, {0, 1, 0, 1}), {height + 1, width + 1},
      {1, 1, h + 1, w + 1},
      /*align_corners=*/true);
  cells.narrow(-2, h - 1, 1).add_(cells.narrow(-2, h, 1));
  cells.narrow(-1, w - 1, 1).add_(cells.narrow(-1, w, 1));
  return cells.narrow(-2, 0, h).narrow(-1, 0, w);
}

class StretchFn : public torch::autograd::Function<StretchFn> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& values, int64_t height,
                            int64_t width) {
    ctx->saved_data["h"] = values.size(2);
    ctx->saved_data["w"] = values.size(3);
    const at::Tensor from = values.detach().flatten(0, 1);
    at::Tensor out = at::empty({values.size(0), values.size(1), height, width},
                               values.options());
    const at::Tensor to = out.flatten(0, 1);
    EachAlone(from.size(0), [&](int64_t i) {
      to[i].copy_(
          StretchPlane(from.narrow(0, i, 1).unsqueeze(0), height, width)[0][0]);
    });
    return out;
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      const torch::autograd::variable_list& grads) {
    const int64_t h = ctx->saved_data["h"].toInt(),
                  w = ctx->saved_data["w"].toInt();
    const at::Tensor grad = grads[0].detach().contiguous();
    at::Tensor out =
        at::empty({grad.size(0), grad.size(1), h, w}, grad.options());
    const at::Tensor from = grad.flatten(0, 1), to = out.flatten(0, 1);
    EachAlone(from.size(0), [&](int64_t i) {
      to[i].copy_(
          StretchPlaneBackward(from.narrow(0, i, 1).unsqueeze(0), h, w)[0][0]);
    });
    return {out, {}, {}};
  }
};

}  // namespace

at::Tensor StretchMatrix(int64_t in, int64_t out) {
  at::Tensor matrix = at::zeros({out, in}, at::kFloat);
  auto weights = matrix.accessor<float, 2>();
  for (int64_t k = 0; k < out; ++k) {
    const double source =
        static_cast<double>(k) * static_cast<double>(in) / out;
    const auto cell = static_cast<int64_t>(source);
    const auto part = static_cast<float>(source - static_cast<double>(cell));
    weights[k][cell] += 1 - part;
    weights[k][std::min(cell + 1, in - 1)] += part;
  }
  return matrix;
}

at::Tensor StretchPlanes(const at::Tensor& values, int64_t height,
                         int64_t width) {
  const int64_t h = values.size(2), w = values.size(3);
  if (h == height && w == width) return values;
  if (values.is_cpu()) return StretchFn::apply(values, height, width);
  // The GPU kernel's backward adds in no fixed order; products do.
  const at::Tensor rows = StretchMatrix(h, height).to(values.device());
  const at::Tensor columns = StretchMatrix(w, width).to(values.device());
  return SeparableMap(values, rows, columns);
}

at::Tensor StretchRows(const at::Tensor& values, int64_t rows) {
  const int64_t n = values.size(0);
  if (n == rows) return values;
  std::vector<int64_t> sizes = values.sizes().vec();
  sizes[0] = rows;
  if (n == 1) return values.expand(sizes);
  const at::Tensor matrix = StretchMatrix(n, rows).to(values.device());
  const at::NoTF32Guard exact;  // ten bits of mantissa would show in a picture
  return at::matmul(matrix, values.flatten(1)).view(sizes);
}

}  // namespace phosphene
