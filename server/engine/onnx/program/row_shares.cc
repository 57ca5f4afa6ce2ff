// Runs the rows of a batch apart, side by side.

#include "server/engine/onnx/program/row_shares.h"

#include <utility>

#include "server/engine/onnx/ops/shared/gradient.h"
#include "server/engine/tensor/width.h"

namespace phosphene::onnx {
namespace {

// A graph of its own from a row to its values.
struct Share {
  at::Tensor input;
  Tensors values;
};

// fn(0) .. fn(rows-1): whole rounds of all threads with a row each; what is
// left over too, where most of them have one, else one row after the other.
void EachRow(int64_t rows, const std::function<void(int64_t)>& fn) {
  const int64_t threads = AvailableThreads();
  const int64_t rest = rows % threads,
                apart = rest * 2 > threads ? rows : rows - rest;
  if (threads > 1) EachAlone(apart, fn);
  for (int64_t row = threads > 1 ? apart : 0; row < rows; ++row) fn(row);
}

// Gradient of a row, from those of the joined values.
at::Tensor RowGradient(const Share& share, const Tensors& grads, int64_t row) {
  Tensors values, own;
  for (size_t i = 0; i < grads.size(); ++i) {
    if (!grads[i].defined() || !share.values[i].requires_grad()) continue;
    values.push_back(share.values[i]);
    own.push_back(grads[i].narrow(0, row, 1));
  }
  if (values.empty()) return {};
  return torch::autograd::grad(
      values, {share.input}, own, /*retain_graph=*/false,
      /*create_graph=*/false, /*allow_unused=*/true)[0];
}

at::Tensor JoinGradients(const std::vector<Share>& shares, const Tensors& grads,
                         const at::Tensor& like) {
  at::Tensor joined = at::empty_like(like);
  EachRow(like.size(0), [&](int64_t row) {
    const at::Tensor own = RowGradient(shares[row], grads, row);
    const at::NoGradGuard no_grad;
    at::Tensor part = joined.narrow(0, row, 1);
    if (own.defined()) {
      part.copy_(own);
    } else {
      part.zero_();
    }
  });
  return joined;
}

}  // namespace

int64_t RowsToShare(int64_t rows) { return rows > 1 ? rows : 0; }

Tensors RunInRowShares(
    const at::Tensor& input,
    const std::function<Tensors(const at::Tensor& rows)>& run) {
  const bool records = Records({input});
  std::vector<Share> shares(input.size(0));
  EachRow(input.size(0), [&](int64_t row) {
    shares[row].input = input.detach().narrow(0, row, 1);
    shares[row].input.set_requires_grad(records);
    shares[row].values = run(shares[row].input);
  });
  Tensors joined, differentiable;
  for (size_t value = 0; value < shares[0].values.size(); ++value) {
    const at::NoGradGuard no_grad;
    Tensors parts;
    for (const Share& share : shares)
      parts.push_back(share.values[value].detach());
    joined.push_back(at::cat(parts));
  }
  if (!records) return joined;
  // Values the rows have no part in take no gradient; those that are left keep
  // their places in the shares.
  std::vector<Share> kept(shares.size());
  for (size_t i = 0; i < shares.size(); ++i) kept[i].input = shares[i].input;
  for (size_t value = 0; value < joined.size(); ++value) {
    if (!shares[0].values[value].requires_grad()) continue;
    differentiable.push_back(joined[value]);
    for (size_t i = 0; i < shares.size(); ++i) {
      kept[i].values.push_back(std::move(shares[i].values[value]));
    }
  }
  if (differentiable.empty()) return joined;
  SetBackward({input}, differentiable,
              [shares = std::move(kept),
               like = input.detach()](const Tensors& grads) -> Tensors {
                return {JoinGradients(shares, grads, like)};
              });
  return joined;
}

}  // namespace phosphene::onnx
