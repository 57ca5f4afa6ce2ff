// Convolutions whose kernel's points move (Dai et al. 2017; Zhu et al. 2018).

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/bilinear.h"
#include "server/engine/onnx/ops/shared/window.h"

namespace phosphene::onnx {
namespace {

struct Deformed {
  Window window;
  int64_t group = 1, offset_group = 1;
};

// Where each point of the kernel lies in x, unmoved, for each position of the
// output: rows and columns [K, positions].
std::pair<at::Tensor, at::Tensor> Places(const Window& w, int64_t out_h,
                                         int64_t out_w,
                                         const at::TensorOptions& options) {
  const auto along = [&](size_t axis, int64_t count) {
    const at::Tensor start =
        at::arange(count, options) * w.stride[axis] - w.pad_begin[axis];
    const at::Tensor point =
        at::arange(w.kernel[axis], options) * w.dilation[axis];
    return point.unsqueeze(1) + start;  // [kernel, count]
  };
  const std::vector<int64_t> every = {w.kernel[0], w.kernel[1], out_h, out_w};
  const int64_t points = w.kernel[0] * w.kernel[1];
  const at::Tensor rows = along(0, out_h)
                              .view({w.kernel[0], 1, out_h, 1})
                              .expand(every)
                              .reshape({points, -1});
  const at::Tensor columns = along(1, out_w)
                                 .view({1, w.kernel[1], 1, out_w})
                                 .expand(every)
                                 .reshape({points, -1});
  return {rows, columns};
}

// Inputs x, weight [O,C/group,kh,kw], offsets [N,G*K*2,h,w] of rows and columns
// in turn, bias, mask [N,G*K,h,w].
at::Tensor Run(const Deformed& d, const Tensors& in) {
  const at::Tensor &x = in[0], &weight = in[1];
  TORCH_CHECK(x.dim() == 4 && weight.dim() == 4,
              "inputs and weights of 4 axes are needed; others are not built");
  const Window w = WithPads(d.window, SpatialSizes(x));
  const int64_t n = x.size(0), c = x.size(1), g = d.offset_group,
                k = w.kernel[0] * w.kernel[1], h = w.OutputSize(0, x.size(2)),
                width = w.OutputSize(1, x.size(3)), places = h * width;
  TORCH_CHECK(c % g == 0 && c % d.group == 0 && weight.size(0) % d.group == 0 &&
                  weight.size(1) * d.group == c,
              "groups do not divide ", c, " channels and ", weight.size(0),
              " filters");
  CheckSize({n, c, k, places});
  const auto [rows, columns] = Places(w, h, width, x.options());
  const at::Tensor moves = in[2].reshape({n * g, k, 2, places});
  at::Tensor taps =
      SampleBilinear(x.reshape({n * g, c / g, x.size(2), x.size(3)}),
                     (moves.select(2, 0) + rows).reshape({n * g, -1}),
                     (moves.select(2, 1) + columns).reshape({n * g, -1}));
  taps = taps.view({n, g, c / g, k, places});
  const at::Tensor mask = Optional(in, 4);
  if (mask.defined()) taps = taps * mask.reshape({n, g, 1, k, places});
  const int64_t filters = weight.size(0);
  at::Tensor y = at::matmul(weight.reshape({1, d.group, filters / d.group, -1}),
                            taps.reshape({n, d.group, c / d.group * k, places}))
                     .view({n, filters, h, width});
  const at::Tensor bias = Optional(in, 3);
  return bias.defined() ? y + bias.view({1, -1, 1, 1}) : y;
}

}  // namespace

OpRun PrepareDeformConv(const OpInit& init) {
  init.NeedInputs(3, 5);
  const int64_t group = init.Int("group", 1),
                offset_group = init.Int("offset_group", 1);
  if (group < 1 || offset_group < 1) init.Fail("has a group below 1");
  // The kernel's size is known when the weight is.
  return [node = init.node, opset = init.opset, options = init.options, group,
          offset_group](const Tensors& in) {
    const OpInit late(node, opset, {}, options);
    return Tensors{
        Run({ReadWindow(late, SpatialSizes(in[1]).vec()), group, offset_group},
            in)};
  };
}

}  // namespace phosphene::onnx
