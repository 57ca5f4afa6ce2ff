// Values of fragments as pictures.

#include "server/engine/raster/raster.h"
#include "server/engine/tensor/autograd_function.h"

namespace phosphene {
namespace {

class ToImageFunction : public torch::autograd::Function<ToImageFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& values, const at::Tensor& pixel,
                            int64_t views, int64_t height, int64_t width) {
    ctx->saved_data["pixel"] = pixel;
    const int64_t channels = values.size(0);
    // Channels last, so that a fragment's values are one row.
    at::Tensor out =
        at::zeros({views * height * width, channels}, values.options());
    out.index_copy_(0, pixel, values.t().contiguous());
    return out.view({views, height, width, channels})
        .permute({0, 3, 1, 2})
        .contiguous();
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      torch::autograd::variable_list grads) {
    const at::Tensor rows =
        grads[0].permute({0, 2, 3, 1}).reshape({-1, grads[0].size(1)});
    const at::Tensor pixel = ctx->saved_data["pixel"].toTensor();
    return {rows.index_select(0, pixel).t().contiguous(), at::Tensor(),
            at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor ToImage(const at::Tensor& values, const RasterViews& views) {
  TORCH_CHECK(values.dim() == 2 && values.size(1) == views.fragments(),
              "values of ", views.fragments(), " fragments are [C,n], not ",
              values.sizes());
  return ToImageFunction::apply(values, views.pixel, views.views, views.height,
                                views.width);
}

}  // namespace phosphene
