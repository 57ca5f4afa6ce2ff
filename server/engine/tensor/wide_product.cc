// Products of matrices in parts, a thread for each part.

#include "server/engine/tensor/wide_product.h"

#include <algorithm>

#include "server/engine/tensor/autograd_function.h"
#include "server/engine/tensor/width.h"

namespace phosphene {
namespace {

// Multiply-adds below which a second thread costs more than it does.
constexpr int64_t kLeastWork = int64_t{1} << 20;
// Parts of a product: enough for the cores of most machines, and each still
// large enough for MKL's kernels.
constexpr int64_t kMostParts = 32;
constexpr int64_t kLeastSide = 64;         // rows or columns of a part
constexpr int64_t kLeastPositions = 1024;  // summed in a part of a Gram matrix

// Where part i of `count` begins, a multiple of 16 elements, so that memory is
// aligned alike in every part.
int64_t Begin(int64_t size, int64_t i, int64_t count) {
  return i == count ? size : size * i / count / 16 * 16;
}

int64_t PartsOf(int64_t size, int64_t least) {
  return std::clamp<int64_t>(size / least, 1, kMostParts);
}

bool OnCpu(const at::Tensor& a, const at::Tensor& b) {
  return a.is_cpu() && b.is_cpu() && a.scalar_type() == at::kFloat &&
         b.scalar_type() == at::kFloat;
}

// out = a b, cut along the longer side of `out`. No tensor records.
void MultiplyInto(const at::Tensor& a, const at::Tensor& b, at::Tensor out) {
  const int64_t m = a.size(0), n = b.size(1);
  const bool by_rows = m >= n;
  const int64_t size = by_rows ? m : n, parts = PartsOf(size, kLeastSide);
  EachAlone(parts, [&](int64_t i) {
    const int64_t begin = Begin(size, i, parts),
                  length = Begin(size, i + 1, parts) - begin;
    at::Tensor part = out.narrow(by_rows ? 0 : 1, begin, length);
    at::mm_out(part, by_rows ? a.narrow(0, begin, length) : a,
               by_rows ? b : b.narrow(1, begin, length));
  });
}

at::Tensor Multiplied(const at::Tensor& a, const at::Tensor& b) {
  at::Tensor out = at::empty({a.size(0), b.size(1)}, a.options());
  MultiplyInto(a, b, out);
  return out;
}

class MmFn : public torch::autograd::Function<MmFn> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& a, const at::Tensor& b) {
    ctx->save_for_backward({a, b});
    return Multiplied(a.detach(), b.detach());
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      const torch::autograd::variable_list& grads) {
    const at::NoGradGuard no_grad;
    const auto saved = ctx->get_saved_variables();
    const at::Tensor g = grads[0].detach(), a = saved[0].detach(),
                     b = saved[1].detach();
    at::Tensor to_a, to_b;
    if (ctx->needs_input_grad(0)) to_a = Multiplied(g, b.t());
    if (ctx->needs_input_grad(1)) to_b = Multiplied(a.t(), g);
    return {to_a, to_b};
  }
};

// f f^T of [C,P]: parts along the positions, added in their order.
void SelfProductInto(const at::Tensor& f, at::Tensor out) {
  const int64_t channels = f.size(0), positions = f.size(1);
  const int64_t parts = PartsOf(positions, kLeastPositions);
  at::Tensor sums = at::empty({parts, channels, channels}, f.options());
  EachAlone(parts, [&](int64_t i) {
    const int64_t begin = Begin(positions, i, parts);
    const at::Tensor some =
        f.narrow(1, begin, Begin(positions, i + 1, parts) - begin);
    at::Tensor part = sums[i];
    at::mm_out(part, some, some.t());
  });
  out.copy_(sums[0]);
  for (int64_t i = 1; i < parts; ++i) out.add_(sums[i]);
}

class SelfProductFn : public torch::autograd::Function<SelfProductFn> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& f) {
    ctx->save_for_backward({f});
    const at::Tensor own = f.detach();
    at::Tensor out = at::empty({f.size(0), f.size(1), f.size(1)}, f.options());
    for (int64_t row = 0; row < f.size(0); ++row)
      SelfProductInto(own[row], out[row]);
    return out;
  }
  // (g + g^T) f.
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      const torch::autograd::variable_list& grads) {
    const at::NoGradGuard no_grad;
    const at::Tensor f = ctx->get_saved_variables()[0].detach();
    const at::Tensor g = grads[0].detach();
    const at::Tensor both = g + g.transpose(1, 2);
    at::Tensor out = at::empty_like(f);
    for (int64_t row = 0; row < f.size(0); ++row)
      MultiplyInto(both[row], f[row], out[row]);
    return {out};
  }
};

}  // namespace

at::Tensor WideMm(const at::Tensor& a, const at::Tensor& b) {
  const bool wide = a.dim() == 2 && b.dim() == 2 && OnCpu(a, b) &&
                    a.size(1) == b.size(0) &&
                    a.size(0) * a.size(1) * b.size(1) >= kLeastWork;
  return wide ? MmFn::apply(a, b) : at::mm(a, b);
}

at::Tensor SelfProducts(const at::Tensor& f) {
  const bool wide = f.dim() == 3 && OnCpu(f, f) && f.size(1) * f.size(2) > 0;
  return wide ? SelfProductFn::apply(f) : at::bmm(f, f.transpose(1, 2));
}

}  // namespace phosphene
