// Blurs by a small kernel normalized at borders. Source: lucid.
#include "server/engine/objectives/shared/little_blur.h"

namespace phosphene {

at::Tensor LittleBlur(const at::Tensor& image, int64_t size) {
  const int64_t n = image.size(0), c = image.size(1), h = image.size(2),
                w = image.size(3);
  at::Tensor kernel = at::full({1, 1, size, size}, 0.5, image.options());
  kernel.narrow(2, 1, size - 2).narrow(3, 1, size - 2).fill_(1);
  const auto blur = [&](const at::Tensor& t) {
    return at::conv2d(t, kernel, {}, {1, 1}, {size / 2, size / 2});
  };
  const at::Tensor blurred = blur(image.reshape({n * c, 1, h, w}));
  return (blurred / blur(at::ones({1, 1, h, w}, image.options())))
      .view({n, c, h, w});
}

at::Tensor Colors(const at::Tensor& image) {
  return image.size(1) == 4 ? image.narrow(1, 0, 3) : image;
}

}  // namespace phosphene
