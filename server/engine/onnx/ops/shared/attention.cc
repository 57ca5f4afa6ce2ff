// Scaled dot-product attention over heads.

#include "server/engine/onnx/ops/shared/attention.h"

#include <cmath>
#include <limits>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/product.h"

namespace phosphene::onnx {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Each group of keys or values once for every head that shares it.
at::Tensor ForHeads(const at::Tensor& x, int64_t heads) {
  TORCH_CHECK(x.size(1) > 0 && heads % x.size(1) == 0, x.size(1),
              " heads of keys and values do not divide ", heads, " of queries");
  return x.size(1) == heads ? x
                            : x.repeat_interleave(heads / x.size(1), /*dim=*/1);
}

// The mask of all keys: what it does not reach is hidden.
at::Tensor Widened(const at::Tensor& mask, int64_t keys) {
  const int64_t missing = mask.dim() > 0 ? keys - mask.size(-1) : 0;
  if (missing <= 0 || mask.size(-1) == 1) return mask;
  const bool truth = mask.scalar_type() == at::kBool;
  return at::constant_pad_nd(
      mask, {0, missing}, truth ? at::Scalar(false) : at::Scalar(-kInfinity));
}

// Which keys the position of a query lets it see; undefined: all.
at::Tensor SeenByPlace(const AttentionSpec& spec, const AttentionInputs& in,
                       const at::Tensor& scores) {
  const auto options = at::TensorOptions(at::kLong).device(scores.device());
  const int64_t queries = scores.size(-2), keys = scores.size(-1);
  const at::Tensor key = at::arange(keys, options);
  at::Tensor seen;
  const auto restrict_to = [&seen](const at::Tensor& allowed) {
    seen = seen.defined() ? seen.logical_and(allowed) : allowed;
  };
  if (spec.causal || spec.left_window >= 0 || spec.right_window >= 0) {
    at::Tensor place = at::arange(queries, options).unsqueeze(1);
    if (in.offset.defined()) place = place + in.offset.to(scores.device());
    if (spec.causal) restrict_to(key <= place);
    if (spec.left_window >= 0) restrict_to(key >= place - spec.left_window);
    if (spec.right_window >= 0) restrict_to(key <= place + spec.right_window);
  }
  if (in.valid_keys.defined())
    restrict_to(key < in.valid_keys.to(scores.device()).view({-1, 1, 1, 1}));
  return seen;
}

}  // namespace

at::Tensor SplitHeads(const at::Tensor& x, int64_t heads) {
  TORCH_CHECK(x.dim() == 3 && heads > 0 && x.size(2) % heads == 0, heads,
              " heads do not divide features of ", x.sizes());
  return x.reshape({x.size(0), x.size(1), heads, x.size(2) / heads})
      .transpose(1, 2);
}

at::Tensor JoinHeads(const at::Tensor& x) {
  return x.transpose(1, 2).flatten(2);
}

AttentionResult Attend(const AttentionSpec& spec, const AttentionInputs& in) {
  const at::Tensor& q = in.query;
  TORCH_CHECK(q.dim() == 4 && in.key.dim() == 4 && in.value.dim() == 4,
              "queries, keys and values of 4 axes are needed");
  const at::Tensor key = ForHeads(in.key, q.size(1)),
                   value = ForHeads(in.value, q.size(1));
  CheckSize({q.size(0), q.size(1), q.size(2), key.size(2)});
  const double scale = spec.scale.value_or(
      1 / std::sqrt(static_cast<double>(std::max<int64_t>(q.size(3), 1))));
  AttentionResult r;
  r.products =
      Product((q * scale).contiguous(), key.transpose(2, 3).contiguous());
  r.capped = spec.softcap > 0
                 ? spec.softcap * at::tanh(r.products / spec.softcap)
                 : r.products;
  r.biased = r.capped;
  if (in.mask.defined()) {
    const at::Tensor mask = Widened(in.mask, key.size(2)).to(r.biased.device());
    r.biased = mask.scalar_type() == at::kBool
                   ? r.biased.masked_fill(mask.logical_not(), -kInfinity)
                   : r.biased + mask.to(r.biased.scalar_type());
  }
  const at::Tensor seen = SeenByPlace(spec, in, r.biased);
  if (seen.defined())
    r.biased = r.biased.masked_fill(seen.logical_not(), -kInfinity);
  // A query that sees no key would be 0 / 0.
  const bool masked = in.mask.defined() || seen.defined();
  const at::Tensor blind =
      masked ? r.biased.detach().eq(-kInfinity).all(-1, /*keepdim=*/true)
             : at::Tensor();
  const at::ScalarType type = r.biased.scalar_type();
  const at::Tensor finite = masked ? r.biased.masked_fill(blind, 0) : r.biased;
  r.weights =
      at::softmax(finite.to(spec.softmax_type.value_or(type)), -1).to(type);
  if (masked) r.weights = r.weights.masked_fill(blind, 0);
  r.out = Product(r.weights, value.contiguous());
  return r;
}

}  // namespace phosphene::onnx
