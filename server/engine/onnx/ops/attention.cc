// Attention over heads, as ONNX and ONNX Runtime's contributed operators have
// it.

#include <algorithm>
#include <memory>
#include <optional>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/attention.h"
#include "server/engine/onnx/ops/shared/product.h"
#include "server/engine/onnx/ops/uploads.h"

namespace phosphene::onnx {
namespace {

struct Heads {
  int64_t query = 0, key = 0;
};

AttentionSpec ReadSpec(const OpInit& init) {
  AttentionSpec spec;
  if (init.Has("scale")) spec.scale = init.Float("scale", 1);
  spec.softcap = init.Float("softcap", 0);
  spec.causal = init.Flag("is_causal", init.Flag("unidirectional", false));
  spec.left_window = init.Int("left_window_size", -1);
  spec.right_window = init.Int("right_window_size", -1);
  if (init.Has("softmax_precision"))
    spec.softmax_type =
        init.Computed(init.Type("softmax_precision", at::kFloat));
  return spec;
}

// Made where x is.
at::Tensor Number(int64_t value, const at::Tensor& x) {
  return at::scalar_tensor(value,
                           at::TensorOptions(at::kLong).device(x.device()));
}

// Earlier keys or values before those of now.
at::Tensor Joined(const at::Tensor& past, const at::Tensor& now) {
  return past.defined() ? at::cat({past.to(now.scalar_type()), now}, 2) : now;
}

Tensors RunAttention(const AttentionSpec& spec, const Heads& heads,
                     int64_t mode, const Tensors& in) {
  const bool flat = in[0].dim() == 3;
  TORCH_CHECK(!flat || (heads.query > 0 && heads.key > 0),
              "inputs of 3 axes need q_num_heads and kv_num_heads");
  const auto split = [&](const at::Tensor& x, int64_t count) {
    return flat ? SplitHeads(x, count) : x;
  };
  AttentionInputs inputs;
  inputs.query = split(in[0], heads.query);
  const at::Tensor past = Optional(in, 4);
  inputs.key = Joined(past, split(in[1], heads.key));
  inputs.value = Joined(Optional(in, 5), split(in[2], heads.key));
  inputs.mask = Optional(in, 3);
  inputs.valid_keys = Optional(in, 6);
  if (past.defined()) {
    inputs.offset = Number(past.size(2), inputs.query);
  } else if (inputs.valid_keys.defined()) {
    inputs.offset = (inputs.valid_keys - inputs.query.size(2))
                        .to(at::kLong)
                        .view({-1, 1, 1, 1});
  }
  const AttentionResult r = Attend(spec, inputs);
  const at::Tensor on_the_way[] = {r.products, r.capped, r.biased, r.weights};
  return {flat ? JoinHeads(r.out) : r.out, inputs.key, inputs.value,
          on_the_way[mode]};
}

// What an integer mask of ONNX Runtime's adds to the products of [N,heads,L,S];
// 1 lets a key be seen: [N] counts of keys, [N,S], or [N,L,S].
at::Tensor Additive(const at::Tensor& mask, double hidden, int64_t keys,
                    int64_t rows, at::ScalarType type) {
  at::Tensor seen;
  if (mask.dim() == 1) {
    TORCH_CHECK(mask.numel() == rows,
                "a mask of one count of keys a row is needed");
    seen = at::arange(keys, at::kLong).unsqueeze(0) <
           mask.to(at::kCPU, at::kLong).unsqueeze(1);
    seen = seen.view({rows, 1, 1, keys});
  } else {
    TORCH_CHECK(mask.dim() == 2 || mask.dim() == 3,
                "a mask of 1, 2 or 3 axes is needed");
    seen = mask.ne(0);
    seen = seen.unsqueeze(1);
    if (mask.dim() == 2) seen = seen.unsqueeze(1);
  }
  return at::zeros(seen.sizes(), at::TensorOptions(type))
      .masked_fill(seen.cpu().logical_not(), hidden);
}

// The sum of an integer mask and a bias, either of which may be missing.
at::Tensor MaskOf(const at::Tensor& mask, const at::Tensor& bias, double hidden,
                  const AttentionInputs& in, Uploads& uploads) {
  if (!mask.defined()) return bias;
  const at::Tensor added =
      uploads.Get(Additive(mask, hidden, in.key.size(2), in.query.size(0),
                           in.query.scalar_type()),
                  in.query.device());
  return bias.defined() ? added + bias : added;
}

// Query, key and value from inputs that may hold several of them packed.
void Unpack(const Tensors& in, int64_t heads, AttentionInputs* out) {
  const at::Tensor &query = in[0], key = Optional(in, 1),
                   value = Optional(in, 2), bias = Optional(in, 3);
  if (query.dim() == 5) {  // [N,L,heads,3,E]
    out->query = query.select(3, 0).transpose(1, 2);
    out->key = query.select(3, 1).transpose(1, 2);
    out->value = query.select(3, 2).transpose(1, 2);
    return;
  }
  TORCH_CHECK(query.dim() == 3 && key.defined(),
              "a query of 3 axes and a key are needed");
  const int64_t width = query.size(2);
  const auto biased = [&](const at::Tensor& x, int64_t from) {
    return bias.defined() ? x + bias.narrow(0, from, x.size(2)) : x;
  };
  out->query = SplitHeads(biased(query, 0), heads);
  if (key.dim() == 5) {  // [N,S,heads,2,E]
    out->key = key.select(3, 0).transpose(1, 2);
    out->value = key.select(3, 1).transpose(1, 2);
    return;
  }
  TORCH_CHECK(value.defined(), "a value is needed");
  // Those of 4 axes are [N,heads,S,E] already.
  out->key = key.dim() == 4 ? key : SplitHeads(biased(key, width), heads);
  out->value =
      value.dim() == 4 ? value : SplitHeads(biased(value, 2 * width), heads);
}

int64_t NeedHeads(const OpInit& init) {
  const int64_t heads = init.Int("num_heads", 0);
  if (heads < 1) init.Fail("has fewer than 1 num_heads");
  return heads;
}

}  // namespace

// Inputs Q, K, V, mask, past key, past value, counts of valid keys.
OpRun PrepareAttention(const OpInit& init) {
  init.NeedInputs(3, 7);
  const int64_t mode = init.Int("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3)
    init.Fail("has a qk_matmul_output_mode outside of 0..3");
  if (init.HasInput(4) != init.HasInput(5))
    init.Fail("has a past key without a past value, or the reverse");
  return OnOneDevice(
      [spec = ReadSpec(init), mode,
       heads = Heads{init.Int("q_num_heads", 0), init.Int("kv_num_heads", 0)}](
          const Tensors& in) { return RunAttention(spec, heads, mode, in); });
}

// Inputs query, key, value, bias of all three, key mask, bias of the products,
// past key, past value.
OpRun PrepareMultiHeadAttention(const OpInit& init) {
  init.NeedInputs(1, 8);
  const double hidden = init.Float("mask_filter_value", -10000);
  return [spec = ReadSpec(init), heads = NeedHeads(init), hidden,
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    AttentionInputs inputs;
    Unpack(in, heads, &inputs);
    const at::Tensor past = Optional(in, 6);
    inputs.key = Joined(past, inputs.key);
    inputs.value = Joined(Optional(in, 7), inputs.value);
    if (past.defined()) inputs.offset = Number(past.size(2), inputs.query);
    inputs.mask =
        MaskOf(Optional(in, 4), Optional(in, 5), hidden, inputs, *uploads);
    const AttentionResult r = Attend(spec, inputs);
    return Tensors{JoinHeads(r.out), inputs.key, inputs.value, r.weights};
  };
}

// One matrix makes queries, keys and values of x: inputs x, weights, bias, key
// mask, past, bias of the products.
OpRun PreparePackedAttention(const OpInit& init) {
  init.NeedInputs(2, 6);
  if (init.HasInput(4)) init.Fail("continues a sequence, which is not built");
  if (init.Flag("do_rotary", false))
    init.Fail("turns its queries by place (do_rotary), which is not built");
  const double hidden = init.Float("mask_filter_value", -10000);
  const at::Tensor matrix = init.Constant(1);
  std::shared_ptr<FrozenLinear> linear;
  if (FrozenLinear::Suits(matrix, init.options))
    linear = std::make_shared<FrozenLinear>(matrix, at::Tensor());
  const bool present = init.node.outputs.size() > 1;
  return [spec = ReadSpec(init), heads = NeedHeads(init), hidden, linear,
          present, widths = init.Ints("qkv_hidden_sizes"),
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    TORCH_CHECK(in[0].dim() == 3 && in[1].dim() == 2,
                "an input of 3 axes and a matrix are needed");
    at::Tensor packed =
        linear ? linear->Run(in[0].contiguous()) : at::matmul(in[0], in[1]);
    if (Optional(in, 2).defined()) packed = packed + in[2];
    const int64_t third = packed.size(2) / 3;
    const Tensors parts = packed.split_with_sizes(
        widths.empty() ? std::vector<int64_t>{third, third, third} : widths, 2);
    TORCH_CHECK(parts.size() == 3, "3 qkv_hidden_sizes are needed");
    AttentionInputs inputs;
    inputs.query = SplitHeads(parts[0], heads);
    inputs.key = SplitHeads(parts[1], heads);
    inputs.value = SplitHeads(parts[2], heads);
    inputs.mask =
        MaskOf(Optional(in, 3), Optional(in, 5), hidden, inputs, *uploads);
    const AttentionResult r = Attend(spec, inputs);
    if (!present) return Tensors{JoinHeads(r.out)};
    return Tensors{JoinHeads(r.out), at::stack({inputs.key, inputs.value})};
  };
}

}  // namespace phosphene::onnx
