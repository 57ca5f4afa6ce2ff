// Normalizations by the root of the mean square, and those of a sum.

#include <numeric>

#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {
namespace {

// x scale / sqrt(mean x^2 + epsilon) over the axes from `first` on (Zhang &
// Sennrich 2019), and the inverse root. In f32 at least, as stash_type says.
Tensors RmsNorm(const at::Tensor& x, const at::Tensor& scale, int64_t first,
                double epsilon) {
  std::vector<int64_t> axes(x.dim() - first);
  std::iota(axes.begin(), axes.end(), first);
  const at::ScalarType type =
      x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor wide = x.to(type);
  const at::Tensor inverse =
      (wide.square().mean(axes, /*keepdim=*/true) + epsilon).rsqrt();
  return {(wide * inverse).to(x.scalar_type()) * scale, inverse};
}

// x + skip + bias.
at::Tensor SumOf(const Tensors& in, size_t bias) {
  const at::Tensor sum = in[0] + in[1], b = Optional(in, bias);
  return b.defined() ? sum + b : sum;
}

}  // namespace

OpRun PrepareRMSNormalization(const OpInit& init) {
  init.NeedInputs(2, 2);
  return [axis = init.Int("axis", -1),
          epsilon = init.Float("epsilon", 1e-5)](const Tensors& in) {
    return RmsNorm(in[0], in[1], WrapAxis(axis, in[0].dim()), epsilon);
  };
}

// What it is called where ONNX Runtime's optimizer finds it in older files.
OpRun PrepareSimplifiedLayerNormalization(const OpInit& init) {
  return PrepareRMSNormalization(init);
}

// Inputs x, skip, scale, shift, bias of the sum; outputs y, mean, inverse
// deviation, the sum.
OpRun PrepareSkipLayerNormalization(const OpInit& init) {
  init.NeedInputs(3, 5);
  return [epsilon = init.Float("epsilon", 1e-12)](const Tensors& in) {
    const at::Tensor sum = SumOf(in, 4);
    const at::Tensor mean = sum.mean(-1, /*keepdim=*/true),
                     centred = sum - mean;
    const at::Tensor inverse =
        (centred.square().mean(-1, /*keepdim=*/true) + epsilon).rsqrt();
    const at::Tensor y = centred * inverse * in[2], shift = Optional(in, 3);
    return Tensors{shift.defined() ? y + shift : y, mean, inverse, sum};
  };
}

// Inputs x, skip, scale, bias of the sum.
OpRun PrepareSkipSimplifiedLayerNormalization(const OpInit& init) {
  init.NeedInputs(3, 4);
  return [epsilon = init.Float("epsilon", 1e-12)](const Tensors& in) {
    const at::Tensor sum = SumOf(in, 3);
    const Tensors normal = RmsNorm(sum, in[2], sum.dim() - 1, epsilon);
    const at::Tensor mean = sum.detach().mean(-1, /*keepdim=*/true);
    return Tensors{normal[0], mean, normal[1], sum};
  };
}

}  // namespace phosphene::onnx
