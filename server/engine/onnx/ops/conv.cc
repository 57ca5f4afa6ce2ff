// Convolutions: constant weights by FrozenConv, computed ones by ATen.

#include "server/engine/onnx/ops/shared/conv.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/relu.h"
#include "server/engine/onnx/ops/shared/window.h"

namespace phosphene::onnx {
namespace {

// Weights that a run computes: the general path of ATen.
at::Tensor RunGeneral(const Window& window, int64_t group,
                      const Activation& activation, const OpOptions& options,
                      const Tensors& in) {
  const at::Tensor& x = in[0];
  Window sized = WithPads(window, SpatialSizes(x));
  at::Tensor padded = x;
  if (!sized.SymmetricPads()) {
    padded = at::constant_pad_nd(x, PadList(sized), 0);
    std::fill(sized.pad_begin.begin(), sized.pad_begin.end(), 0);
  }
  const std::optional<at::Tensor> bias = in.size() > 2 && in[2].defined()
                                             ? std::make_optional(in[2])
                                             : std::nullopt;
  at::Tensor y = at::convolution(padded, in[1], bias, sized.stride,
                                 sized.pad_begin, sized.dilation, false,
                                 std::vector<int64_t>(sized.rank(), 0), group);
  return activation.kind == Activation::kNone
             ? y
             : Activate(y, activation, options);
}

}  // namespace

OpRun PrepareConv(const OpInit& init) {
  init.NeedInputs(2, 3);
  const int64_t group = init.Int("group", 1);
  if (group < 1) init.Fail("has a group below 1");
  const at::Tensor weight = init.Constant(1);
  const bool bias_known = !init.HasInput(2) || init.Constant(2).defined();
  if (weight.defined() && bias_known && weight.dim() == 4) {
    auto conv = std::make_shared<FrozenConv>(
        init, std::vector<at::Tensor>{weight},
        std::vector<at::Tensor>{init.Constant(2)},
        std::vector<Activation>{init.node.activation});
    return [conv](const Tensors& in) { return conv->Run(in[0]); };
  }
  // The kernel's size is known when the weight is.
  return [node = init.node, opset = init.opset, group,
          options = init.options](const Tensors& in) {
    const OpInit late(node, opset, {}, options);
    const Window window = ReadWindow(late, SpatialSizes(in[1]).vec());
    return Tensors{RunGeneral(window, group, node.activation, options, in)};
  };
}

// Several convolutions of one input (passes.h).
OpRun PrepareGroupedConv(const OpInit& init) {
  Tensors weights, biases;
  for (size_t i = 1; i + 1 < init.constants.size(); i += 2) {
    weights.push_back(init.Constant(i));
    biases.push_back(init.Constant(i + 1));
  }
  const std::vector<Activation> activations(weights.size(),
                                            init.node.activation);
  auto conv = std::make_shared<FrozenConv>(init, weights, biases, activations);
  return [conv](const Tensors& in) { return conv->Run(in[0]); };
}

}  // namespace phosphene::onnx
