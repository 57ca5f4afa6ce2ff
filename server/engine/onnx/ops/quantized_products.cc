// Convolutions and matrix products of quantized values. They are computed in
// floating point, exactly where sums stay below 2^24.

#include <memory>
#include <optional>
#include <utility>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/quantized.h"
#include "server/engine/onnx/ops/uploads.h"

namespace phosphene::onnx {

OpRun PrepareConv(const OpInit& init);
OpRun PrepareMatMul(const OpInit& init);

namespace {

// The floating-point type quantized values are computed in.
at::ScalarType Wide(const OpInit& init) { return init.Computed(at::kFloat); }

// w - zero, when both are known now.
at::Tensor KnownFromZero(const OpInit& init, size_t weight, size_t zero,
                         int64_t axis) {
  const at::Tensor w = init.Constant(weight), z = init.Constant(zero);
  if (!w.defined() || (init.HasInput(zero) && !z.defined())) return {};
  return FromZero(w, SpreadOver(z, w, axis), Wide(init))
      .to(init.options.device);
}

// A product op(x, w) of numbers from zero, with the weight laid out once where
// it is known.
struct Product {
  OpRun run;
  at::Tensor weight;  // undefined where not known now
};

// The node keeps its attributes.
Product PrepareProduct(const OpInit& init, OpRun (*prepare)(const OpInit&),
                       const at::Tensor& weight) {
  Node node = init.node;
  node.inputs = {"x", "w"};
  return {
      prepare(OpInit(node, init.opset, {at::Tensor(), weight}, init.options)),
      weight};
}

// Runs a product on x from zero; `w` and its zero are read where the weight was
// not known.
at::Tensor RunProduct(const Product& product, const at::Tensor& x,
                      const at::Tensor& w, const at::Tensor& zero, int64_t axis,
                      at::ScalarType type) {
  const Tensors in = {x, product.weight.defined()
                             ? product.weight
                             : FromZero(w, SpreadOver(zero, w, axis), type)};
  return product.run(in)[0];
}

// A zero point or scale of a matrix A [...,K]: one, or one per row.
at::Tensor PerRow(const at::Tensor& parameter) {
  return parameter.defined() && parameter.dim() == 1 && parameter.numel() > 1
             ? parameter.unsqueeze(-1)
             : parameter;
}

// One number as a scalar, so that it gives no axis to what it meets.
at::Tensor Plain(const at::Tensor& parameter) {
  return parameter.defined() && parameter.numel() == 1 ? parameter.reshape({})
                                                       : parameter;
}

at::Tensor ToFirst(const at::Tensor& x) { return x.movedim(-1, 1); }
at::Tensor ToLast(const at::Tensor& x) { return x.movedim(1, -1); }

}  // namespace

// Inputs x, its scale, its zero, w, its scales, its zeros, y's scale, y's zero,
// bias in steps of x's scale times w's.
OpRun PrepareQLinearConv(const OpInit& init) {
  init.NeedInputs(8, 9);
  const at::Tensor weight = KnownFromZero(init, 3, 5, 0);
  const Product conv = PrepareProduct(init, PrepareConv, weight);
  return OnOneDevice(
      [conv, type = Wide(init),
       last = init.Flag("channels_last", false)](const Tensors& in) {
        at::Tensor x = FromZero(in[0], Plain(in[2]), type);
        if (last) x = ToFirst(x);
        at::Tensor sums = RunProduct(conv, x, in[3], in[5], 0, type);
        if (Optional(in, 8).defined())
          sums = sums + SpreadOver(in[8].to(type), sums, 1);
        const at::Tensor step = SpreadOver(
            in[6].to(type) / (in[1].to(type) * in[4].to(type)), sums, 1);
        const at::Tensor y =
            Quantized(sums, step, Plain(in[7]), RangeOfZero(in[7]));
        return Tensors{last ? ToLast(y) : y};
      });
}

// Inputs x, w, their zeros. Whole numbers come out.
OpRun PrepareConvInteger(const OpInit& init) {
  init.NeedInputs(2, 4);
  const at::Tensor weight = KnownFromZero(init, 1, 3, 0);
  const Product conv = PrepareProduct(init, PrepareConv, weight);
  return OnOneDevice([conv, type = Wide(init)](const Tensors& in) {
    const at::Tensor x = FromZero(in[0], Plain(Optional(in, 2)), type);
    return Tensors{RunProduct(conv, x, in[1], Optional(in, 3), 0, type)};
  });
}

// Inputs A, B, their zeros.
OpRun PrepareMatMulInteger(const OpInit& init) {
  init.NeedInputs(2, 4);
  const at::Tensor weight = KnownFromZero(init, 1, 3, -1);
  const Product product = PrepareProduct(init, PrepareMatMul, weight);
  return OnOneDevice([product, type = Wide(init)](const Tensors& in) {
    const at::Tensor a = FromZero(in[0], Plain(PerRow(Optional(in, 2))), type);
    return Tensors{RunProduct(product, a, in[1], Optional(in, 3), -1, type)};
  });
}

// Inputs A, its scale, its zero, B, its scale, its zero, y's scale, y's zero.
OpRun PrepareQLinearMatMul(const OpInit& init) {
  init.NeedInputs(8, 8);
  const at::Tensor weight = KnownFromZero(init, 3, 5, -1);
  const Product product = PrepareProduct(init, PrepareMatMul, weight);
  return OnOneDevice([product, type = Wide(init)](const Tensors& in) {
    const at::Tensor a = FromZero(in[0], Plain(PerRow(in[2])), type);
    const at::Tensor sums = RunProduct(product, a, in[3], in[5], -1, type);
    const at::Tensor step =
        Plain(in[6].to(type)) /
        (Plain(PerRow(in[1].to(type))) * SpreadOver(in[4].to(type), sums, -1));
    const at::Tensor y =
        Quantized(sums, step, Plain(in[7]), RangeOfZero(in[7]));
    // The scales' type is that of the real values.
    return Tensors{y};
  });
}

// Inputs A, its scale, its zero, B, its scale, its zero, bias, y's scale, y's
// zero; without y's, real numbers come out.
OpRun PrepareQGemm(const OpInit& init) {
  init.NeedInputs(6, 9);
  const double alpha = init.Float("alpha", 1);
  const bool turn_a = init.Flag("transA", false),
             turn_b = init.Flag("transB", false);
  at::Tensor weight = KnownFromZero(init, 3, 5, turn_b ? 0 : -1);
  if (weight.defined() && turn_b) weight = weight.t();
  if (weight.defined()) weight = weight.contiguous();
  const Product product = PrepareProduct(init, PrepareMatMul, weight);
  return OnOneDevice([=, type = Wide(init)](const Tensors& in) {
    TORCH_CHECK(in[0].dim() == 2 && in[3].dim() == 2, "matrices are needed");
    const at::Tensor a =
        FromZero(turn_a ? in[0].t() : in[0], Plain(in[2]), type);
    at::Tensor sums =
        RunProduct(product, a, turn_b ? in[3].t() : in[3], in[5], -1, type);
    sums = sums * alpha;
    if (Optional(in, 6).defined()) sums = sums + in[6].to(sums.device(), type);
    const at::Tensor step =
        SpreadOver(in[1].to(type) * in[4].to(type), sums, -1);
    if (!Optional(in, 7).defined()) return Tensors{sums * step};
    return Tensors{Quantized(sums, Plain(in[7].to(type)) / step,
                             Plain(Optional(in, 8)),
                             RangeOfZero(Optional(in, 8)))};
  });
}

// Inputs A and B quantized, their scales, their zeros, bias; real numbers come
// out.
OpRun PrepareMatMulIntegerToFloat(const OpInit& init) {
  init.NeedInputs(4, 7);
  const at::Tensor weight = KnownFromZero(init, 1, 5, -1);
  const Product product = PrepareProduct(init, PrepareMatMul, weight);
  return OnOneDevice([product, type = Wide(init)](const Tensors& in) {
    const at::Tensor a = FromZero(in[0], Plain(PerRow(Optional(in, 4))), type);
    const at::Tensor sums =
        RunProduct(product, a, in[1], Optional(in, 5), -1, type);
    const at::Tensor y = sums * Plain(PerRow(in[2])).to(type) *
                         SpreadOver(in[3].to(type), sums, -1);
    return Tensors{Optional(in, 6).defined() ? y + in[6].to(type) : y};
  });
}

// Inputs A, which is quantized by its own range, B quantized, its scale, its
// zero, bias.
OpRun PrepareDynamicQuantizeMatMul(const OpInit& init) {
  init.NeedInputs(3, 5);
  const at::Tensor weight = KnownFromZero(init, 1, 3, -1);
  const Product product = PrepareProduct(init, PrepareMatMul, weight);
  return OnOneDevice([product, type = Wide(init)](const Tensors& in) {
    const SelfQuantized q = QuantizedByItself(in[0]);
    const at::Tensor sums = RunProduct(product, FromZero(q.y, q.zero, type),
                                       in[1], Optional(in, 3), -1, type);
    const at::Tensor y =
        sums * q.scale.to(type) * SpreadOver(in[2].to(type), sums, -1);
    return Tensors{Optional(in, 4).defined() ? y + in[4].to(type) : y};
  });
}

}  // namespace phosphene::onnx
