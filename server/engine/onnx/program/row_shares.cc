// Runs the rows of a batch in shares, one thread for each.

#include "server/engine/onnx/program/row_shares.h"

#include <omp.h>

#include <memory>
#include <utility>

#include <ATen/Parallel.h>

#include "server/engine/onnx/ops/shared/gradient.h"
#include "server/engine/tensor/step_context.h"

namespace phosphene::onnx {
namespace {

// The operators of this thread use no other while it lives. ATen's own setter
// would speak for threads to come as well.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  const int before_;
};

// A graph of its own from a share's rows to its values.
struct Share {
  at::Tensor input;
  Tensors values;
};

void OneThreadEach(size_t shares, const std::function<void(size_t)>& fn) {
  const StepContext context = current_step_context;
  at::parallel_for(0, static_cast<int64_t>(shares), 1,
                   [&](int64_t begin, int64_t end) {
                     const OneThread alone;
                     const StepContextScope same(context);
                     for (int64_t i = begin; i < end; ++i)
                       fn(static_cast<size_t>(i));
                   });
}

// Gradient of the share's rows, from those of the joined values.
at::Tensor RowsGradient(const Share& share, const Tensors& grads,
                        int64_t first) {
  Tensors values, own;
  for (size_t i = 0; i < grads.size(); ++i) {
    if (!grads[i].defined() || !share.values[i].requires_grad()) continue;
    values.push_back(share.values[i]);
    own.push_back(grads[i].narrow(0, first, share.input.size(0)));
  }
  if (values.empty()) return {};
  return torch::autograd::grad(
      values, {share.input}, own, /*retain_graph=*/false,
      /*create_graph=*/false, /*allow_unused=*/true)[0];
}

at::Tensor JoinGradients(const std::vector<Share>& shares, const Tensors& grads,
                         const at::Tensor& like) {
  at::Tensor joined = at::empty_like(like);
  const int64_t rows = shares[0].input.size(0);
  OneThreadEach(shares.size(), [&](size_t i) {
    const int64_t first = static_cast<int64_t>(i) * rows;
    const at::Tensor own = RowsGradient(shares[i], grads, first);
    const at::NoGradGuard no_grad;
    at::Tensor part = joined.narrow(0, first, rows);
    if (own.defined()) {
      part.copy_(own);
    } else {
      part.zero_();
    }
  });
  return joined;
}

}  // namespace

int64_t RowsToShare(int64_t rows) {
  const int64_t threads = at::get_num_threads();
  return threads < 2 || at::in_parallel_region() ? 0 : rows / threads * threads;
}

Tensors RunInRowShares(
    const at::Tensor& input,
    const std::function<Tensors(const at::Tensor& rows)>& run) {
  const bool records = Records({input});
  std::vector<Share> shares(at::get_num_threads());
  const int64_t rows = input.size(0) / static_cast<int64_t>(shares.size());
  OneThreadEach(shares.size(), [&](size_t i) {
    const at::AutoGradMode record(records);
    shares[i].input =
        input.detach().narrow(0, static_cast<int64_t>(i) * rows, rows);
    shares[i].input.set_requires_grad(records);
    shares[i].values = run(shares[i].input);
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
