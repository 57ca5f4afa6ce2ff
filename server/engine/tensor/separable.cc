// Maps of pictures by a matrix along each axis.

#include "server/engine/tensor/separable.h"

#include <ATen/Context.h>

#include "server/engine/tensor/autograd_function.h"

namespace phosphene {
namespace {

// rows x columns^T; ten bits of mantissa would show in a picture.
at::Tensor Products(const at::Tensor& rows, const at::Tensor& x,
                    const at::Tensor& columns) {
  const at::NoTF32Guard exact;
  return at::matmul(rows, at::matmul(x, columns.transpose(-1, -2)));
}

class SeparableFn : public torch::autograd::Function<SeparableFn> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& x, const at::Tensor& rows,
                            const at::Tensor& columns) {
    ctx->save_for_backward({rows, columns});
    return Products(rows, x, columns);
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      const torch::autograd::variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &rows = saved[0], &columns = saved[1];
    return {
        Products(rows.transpose(-1, -2), grads[0], columns.transpose(-1, -2)),
        {},
        {}};
  }
};

}  // namespace

at::Tensor SeparableMap(const at::Tensor& x, const at::Tensor& rows,
                        const at::Tensor& columns) {
  return SeparableFn::apply(x, rows, columns);
}

}  // namespace phosphene
