// ONNX Runtime's operators between quantized values: made real, computed, made
// whole again.

#include <utility>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/quantized.h"
#include "server/engine/onnx/ops/uploads.h"

namespace phosphene::onnx {

OpRun PrepareAveragePool(const OpInit& init);
OpRun PrepareSoftmax(const OpInit& init);
OpRun PrepareReduceMean(const OpInit& init);

namespace {

// Input `at` with its scale and zero point behind it, as real numbers.
at::Tensor Real(const Tensors& in, size_t at) {
  const at::Tensor zero = Optional(in, at + 2);
  return Dequantized(in[at], SpreadOver(in[at + 1], in[at], 1),
                     SpreadOver(zero, in[at], 1));
}

// Real numbers in steps of input `scale`, from the zero point behind it.
at::Tensor Whole(const at::Tensor& x, const Tensors& in, size_t scale) {
  const at::Tensor zero = Optional(in, scale + 1);
  return Quantized(x, SpreadOver(in[scale], x, 1), SpreadOver(zero, x, 1),
                   RangeOfZero(zero));
}

using Function = at::Tensor (*)(const at::Tensor& a, const at::Tensor& b);

// Inputs a, scale, zero, b, scale, zero, y's scale, y's zero.
OpRun OfTwo(const OpInit& init, Function fn) {
  init.NeedInputs(2, 8);
  if (!init.HasInput(6)) init.Fail("has no scale of its output");
  return OnOneDevice([fn](const Tensors& in) {
    return Tensors{Whole(fn(Real(in, 0), Real(in, 3)), in, 6)};
  });
}

// Inputs x, scale, zero, y's scale, y's zero; `run` takes real numbers.
OpRun OfOne(const OpInit& init, OpRun run) {
  init.NeedInputs(2, 5);
  if (!init.HasInput(3)) init.Fail("has no scale of its output");
  return OnOneDevice([run = std::move(run)](const Tensors& in) {
    return Tensors{Whole(run({Real(in, 0)})[0], in, 3)};
  });
}

// What prepares the operator on real numbers, of one input.
OpRun Inner(const OpInit& init, OpRun (*prepare)(const OpInit&)) {
  Node node = init.node;
  node.inputs = {"x"};
  const int64_t opset = init.Int("opset", init.opset);
  return prepare(OpInit(node, opset, {at::Tensor()}, init.options));
}

// Of values [N,...,C] where channels come last.
OpRun ChannelsFirst(const OpInit& init, OpRun run) {
  if (!init.Flag("channels_last", false)) return run;
  return [run = std::move(run)](const Tensors& in) {
    return Tensors{run({in[0].movedim(-1, 1)})[0].movedim(1, -1)};
  };
}

}  // namespace

OpRun PrepareQLinearAdd(const OpInit& init) {
  return OfTwo(init, [](const at::Tensor& a, const at::Tensor& b) {
    return at::add(a, b);
  });
}
OpRun PrepareQLinearMul(const OpInit& init) {
  return OfTwo(init, [](const at::Tensor& a, const at::Tensor& b) {
    return at::mul(a, b);
  });
}
OpRun PrepareQLinearSigmoid(const OpInit& init) {
  return OfOne(init,
               [](const Tensors& in) { return Tensors{at::sigmoid(in[0])}; });
}
OpRun PrepareQLinearLeakyRelu(const OpInit& init) {
  return OfOne(init, [alpha = init.Float("alpha", 0.01)](const Tensors& in) {
    return Tensors{at::leaky_relu(in[0], alpha)};
  });
}
OpRun PrepareQLinearSoftmax(const OpInit& init) {
  return OfOne(init, Inner(init, PrepareSoftmax));
}
OpRun PrepareQLinearReduceMean(const OpInit& init) {
  return OfOne(init, Inner(init, PrepareReduceMean));
}
OpRun PrepareQLinearAveragePool(const OpInit& init) {
  return OfOne(init, ChannelsFirst(init, Inner(init, PrepareAveragePool)));
}
OpRun PrepareQLinearGlobalAveragePool(const OpInit& init) {
  return OfOne(init, ChannelsFirst(init, [](const Tensors& in) {
                 TORCH_CHECK(in[0].dim() >= 3,
                             "an input of at least 3 axes is needed");
                 return Tensors{in[0].flatten(2).mean(-1).view([&] {
                   std::vector<int64_t> shape(in[0].dim(), 1);
                   shape[0] = in[0].size(0);
                   shape[1] = in[0].size(1);
                   return shape;
                 }())};
               }));
}

// Inputs y's scale, y's zero, then x, scale, zero of each.
OpRun PrepareQLinearConcat(const OpInit& init) {
  init.NeedInputs(5);
  if (!init.Has("axis")) init.Fail("has no axis");
  if (init.node.inputs.size() % 3 != 2)
    init.Fail("has inputs that are not in threes");
  return [axis = init.Int("axis", 0)](const Tensors& in) {
    Tensors parts;
    for (size_t i = 2; i + 2 < in.size(); i += 3) parts.push_back(Real(in, i));
    return Tensors{
        Whole(at::cat(parts, WrapAxis(axis, parts[0].dim())), in, 0)};
  };
}

}  // namespace phosphene::onnx
