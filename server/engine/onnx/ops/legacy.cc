// Operators of the first editions of ONNX, which Core ML's and Caffe2's
// converters wrote.

#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {

// x scale + bias of its channel.
OpRun PrepareImageScaler(const OpInit& init) {
  init.NeedInputs(1, 1);
  const std::vector<double> bias = init.Floats("bias");
  return [bias = at::tensor(bias, at::kFloat)
                     .to(init.options.device, init.Computed(at::kFloat)),
          scale = init.Float("scale", 1)](const Tensors& in) {
    TORCH_CHECK(in[0].dim() == 4 &&
                    (bias.numel() == 0 || bias.numel() == in[0].size(1)),
                "a picture of ", bias.numel(), " channels is needed, not ",
                in[0].sizes());
    const at::Tensor y = scale == 1 ? in[0] : in[0] * scale;
    return Tensors{
        bias.numel() == 0
            ? y
            : y + bias.to(y.device(), y.scalar_type()).view({1, -1, 1, 1})};
  };
}

// Pixels cut off left, top, right and bottom; or height and width kept from
// left and top on.
OpRun PrepareCrop(const OpInit& init) {
  init.NeedInputs(1, 1);
  const std::vector<int64_t> border = init.Ints("border"),
                             kept = init.Ints("scale");
  if (border.size() != 4 || (!kept.empty() && kept.size() != 2))
    init.Fail("has no border of 4 numbers, or a scale of other than 2");
  return [border, kept](const Tensors& in) {
    const at::Tensor& x = in[0];
    TORCH_CHECK(x.dim() == 4, "a picture of 4 axes is needed");
    const int64_t height =
        kept.empty() ? x.size(2) - border[1] - border[3] : kept[0];
    const int64_t width =
        kept.empty() ? x.size(3) - border[0] - border[2] : kept[1];
    TORCH_CHECK(border[0] >= 0 && border[1] >= 0 && height >= 1 && width >= 1 &&
                    border[1] <= x.size(2) - height &&
                    border[0] <= x.size(3) - width,
                "a picture of ", x.sizes(), " is too small for what is cut");
    return Tensors{x.narrow(2, border[1], height).narrow(3, border[0], width)};
  };
}

// alpha x + beta.
OpRun PrepareAffine(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [alpha = init.Float("alpha", 1), beta = init.Float("beta", 0)](
             const Tensors& in) { return Tensors{in[0] * alpha + beta}; };
}

// alpha tanh(beta x).
OpRun PrepareScaledTanh(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [alpha = init.Float("alpha", 1),
          beta = init.Float("beta", 1)](const Tensors& in) {
    return Tensors{at::tanh(in[0] * beta) * alpha};
  };
}

// alpha log(1 + e^(beta x)).
OpRun PrepareParametricSoftplus(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [alpha = init.Float("alpha", 1),
          beta = init.Float("beta", 1)](const Tensors& in) {
    return Tensors{at::softplus(in[0] * beta) * alpha};
  };
}

}  // namespace phosphene::onnx
