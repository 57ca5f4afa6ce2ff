// Images at another size: bilinear, antialiased when they shrink.
#include "server/engine/params/resize.h"

namespace phosphene {

at::Tensor ResizeImage(const at::Tensor& image, int64_t height, int64_t width) {
  const at::NoGradGuard no_grad;
  if (image.size(2) == height && image.size(3) == width) return image.detach();
  return at::_upsample_bilinear2d_aa(image.detach().contiguous(),
                                     {height, width},
                                     /*align_corners=*/false)
      .clamp_(0, 1);
}

at::Tensor ConvertChannels(const at::Tensor& image, int64_t channels) {
  const int64_t have = image.size(1);
  if (channels == have) return image;
  if (channels == 3) return image.narrow(1, 0, 3).contiguous();
  if (channels == 4)
    return at::cat({image, at::ones_like(image.narrow(1, 0, 1))}, 1);
  return image.narrow(1, 0, 1) * .299 + image.narrow(1, 1, 1) * .587 +
         image.narrow(1, 2, 1) * .114;
}

}  // namespace phosphene
