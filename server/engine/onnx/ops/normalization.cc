// Normalizations by statistics, stored or of the item itself.

#include <algorithm>
#include <numeric>

#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {
namespace {

// A vector over axis 1 of something like x.
at::Tensor OverChannels(const at::Tensor& vector, const at::Tensor& x) {
  std::vector<int64_t> shape(x.dim(), 1);
  shape[1] = vector.numel();
  return vector.to(x.scalar_type()).view(shape);
}

// (x - mean) / sqrt(variance + epsilon) over all but the first two axes.
at::Tensor Standardized(const at::Tensor& x, double epsilon) {
  const at::Tensor flat = x.flatten(2);
  const at::Tensor centred = flat - flat.mean(-1, true);
  return (centred * (centred.square().mean(-1, true) + epsilon).rsqrt())
      .view(x.sizes());
}

Tensors ComposedLayerNorm(const Tensors& in, int64_t axis, double epsilon) {
  std::vector<int64_t> axes(in[0].dim() - axis);
  std::iota(axes.begin(), axes.end(), axis);
  const at::Tensor mean = in[0].mean(axes, true);
  const at::Tensor centred = in[0] - mean;
  const at::Tensor inverse =
      (centred.square().mean(axes, true) + epsilon).rsqrt();
  at::Tensor y = centred * inverse * in[1];
  if (Optional(in, 2).defined()) y = y + in[2];
  return {y, mean, inverse};
}

// Whether a BatchNormalization uses the statistics of what it is given. Before
// opset 14 more than one output said so.
bool Trains(const OpInit& init) {
  if (init.opset >= 14) return init.Flag("training_mode", false);
  const auto& outputs = init.node.outputs;
  return std::count(outputs.begin(), outputs.end(), "") + 1 <
         static_cast<int64_t>(outputs.size());
}

// y, the running mean and variance moved on, and those of the batch. Weights
// that a network standardizes by it (NFNet, BiT) come this way.
Tensors NormalizeByBatch(const Tensors& in, double epsilon, double momentum) {
  const at::Tensor& x = in[0];
  TORCH_CHECK(x.dim() >= 2, "an input of at least 2 axes [N,C,...] is needed");
  const at::Tensor flat =
      x.to(at::kDouble).transpose(0, 1).flatten(1);  // [C,N*...]
  const at::Tensor mean = flat.mean(1),
                   variance = flat.var(1, /*unbiased=*/false);
  const at::Tensor scale = in[1].to(at::kDouble) * (variance + epsilon).rsqrt();
  const at::Tensor shift = in[2].to(at::kDouble) - mean * scale;
  std::vector<int64_t> shape(x.dim(), 1);
  shape[1] = x.size(1);
  const auto moved = [&](const at::Tensor& running, const at::Tensor& now) {
    return (running.to(at::kDouble) * momentum + now * (1 - momentum))
        .to(running.scalar_type());
  };
  return {(x * scale.view(shape) + shift.view(shape)).to(x.scalar_type()),
          moved(in[3], mean), moved(in[4], variance),
          mean.to(in[3].scalar_type()), variance.to(in[4].scalar_type())};
}

// y of statistics over the positions of each row.
at::Tensor NormalizeByRow(const Tensors& in, double epsilon) {
  const at::Tensor& x = in[0];
  const at::Tensor flat = x.dim() == 2 ? x.unsqueeze(2) : x;
  return (Standardized(flat, epsilon) * OverChannels(in[1], flat) +
          OverChannels(in[2], flat))
      .view(x.sizes());
}

}  // namespace

OpRun PrepareBatchNormalization(const OpInit& init) {
  init.NeedInputs(5, 5);
  const double epsilon = init.Float("epsilon", 1e-5);
  if (Trains(init)) {
    return [epsilon, momentum = init.Float("momentum", 0.9),
            weights = init.Constant(0).defined(),
            outputs = init.node.outputs.size()](const Tensors& in) {
      Tensors out;
      if (weights || outputs > 1) out = NormalizeByBatch(in, epsilon, momentum);
      // Each row by its own statistics: what a batch of one gives, and rows
      // stay apart.
      out.resize(std::max<size_t>(out.size(), 1));
      if (!weights) out[0] = NormalizeByRow(in, epsilon);
      return out;
    };
  }
  return [epsilon](const Tensors& in) {
    const at::Tensor& x = in[0];
    TORCH_CHECK(x.dim() >= 2,
                "an input of at least 2 axes [N,C,...] is needed");
    std::vector<int64_t> shape(x.dim(), 1);
    shape[1] = x.size(1);
    const at::Tensor scale =
        in[1] *
        (in[4].to(at::kDouble) + epsilon).rsqrt().to(in[1].scalar_type());
    const at::Tensor shift = in[2] - in[3] * scale;
    return Tensors{at::addcmul(shift.to(x.scalar_type()).view(shape), x,
                               scale.to(x.scalar_type()).view(shape))};
  };
}

OpRun PrepareInstanceNormalization(const OpInit& init) {
  init.NeedInputs(3, 3);
  return [epsilon = init.Float("epsilon", 1e-5)](const Tensors& in) {
    TORCH_CHECK(in[0].dim() >= 3,
                "an input of at least 3 axes [N,C,...] is needed");
    return Tensors{Standardized(in[0], epsilon) * OverChannels(in[1], in[0]) +
                   OverChannels(in[2], in[0])};
  };
}

OpRun PrepareGroupNormalization(const OpInit& init) {
  init.NeedInputs(3, 3);
  const int64_t groups = init.Int("num_groups", 0);
  if (groups < 1) init.Fail("has fewer than 1 num_groups");
  return [groups, epsilon = init.Float("epsilon", 1e-5)](const Tensors& in) {
    const at::Tensor& x = in[0];
    TORCH_CHECK(x.dim() >= 3 && x.size(1) % groups == 0, groups,
                " groups do not divide ", x.sizes());
    const int64_t each = x.size(1) / groups;
    const at::Tensor y =
        Standardized(x.reshape({x.size(0), groups, -1}), epsilon)
            .view(x.sizes());
    // Up to opset 20 scale and bias are one per group.
    const auto per_channel = [&](const at::Tensor& v) {
      return OverChannels(v.numel() == groups ? v.repeat_interleave(each) : v,
                          x);
    };
    return Tensors{y * per_channel(in[1]) + per_channel(in[2])};
  };
}

OpRun PrepareLayerNormalization(const OpInit& init) {
  init.NeedInputs(2, 3);
  // ATen's own is differentiable in its first output alone.
  const bool statistics = init.node.outputs.size() > 1;
  return [axis = init.Int("axis", -1), epsilon = init.Float("epsilon", 1e-5),
          statistics](const Tensors& in) {
    const int64_t first = WrapAxis(axis, in[0].dim());
    const at::IntArrayRef shape = in[0].sizes().slice(first);
    const at::Tensor bias = Optional(in, 2);
    if (statistics || in[1].sizes() != shape ||
        (bias.defined() && bias.sizes() != shape)) {
      return ComposedLayerNorm(in, first, epsilon);
    }
    return Tensors{at::layer_norm(
        in[0], shape, in[1],
        bias.defined() ? std::make_optional(bias) : std::nullopt, epsilon)};
  };
}

OpRun PrepareLpNormalization(const OpInit& init) {
  init.NeedInputs(1, 1);
  return
      [axis = init.Int("axis", -1), p = init.Int("p", 2)](const Tensors& in) {
        const int64_t along = WrapAxis(axis, in[0].dim());
        const at::Tensor norm = at::linalg_vector_norm(in[0], p, {along}, true);
        // Nothing has no direction, and stays nothing.
        return Tensors{in[0] / norm.masked_fill(norm.detach().eq(0), 1)};
      };
}

OpRun PrepareMeanVarianceNormalization(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [axes = init.Ints("axes", {0, 2, 3})](const Tensors& in) {
    const at::Tensor centred = in[0] - in[0].mean(axes, true);
    // The constant is the operator's own.
    return Tensors{centred / (centred.square().mean(axes, true).sqrt() + 1e-9)};
  };
}

}  // namespace phosphene::onnx
