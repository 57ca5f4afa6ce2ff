// Between pictures of bytes and tensors 0..1.

#include "server/engine/tensor/image_tensor.h"

#include <cstring>
#include <utility>

#include "server/engine/tensor/torch_pch.h"

#include "server/imaging/layout.h"

namespace phosphene {

at::Tensor ToTensor(const Image8& image) {
  const bool alpha = image.channels == 2 || image.channels == 4;
  const Image8 color = ConvertChannels(image, alpha ? 4 : 3);
  const at::Tensor bytes =
      at::from_blob(const_cast<uint8_t*>(color.pixels.data()),
                    {1, color.height, color.width, color.channels}, at::kByte);
  return bytes.permute({0, 3, 1, 2})
      .to(at::kFloat, false, true, at::MemoryFormat::Contiguous)
      .div_(255);
}

std::vector<Image8> ToImages(const at::Tensor& batch) {
  int64_t channels = batch.size(1);
  if (channels == 2) channels = 1;
  if (channels > 4) channels = 3;
  const at::Tensor bytes = batch.detach()
                               .narrow(1, 0, channels)
                               .mul(255)
                               .round_()
                               .clamp_(0, 255)
                               .to(at::kCPU, at::kByte)
                               .permute({0, 2, 3, 1})
                               .contiguous();
  std::vector<Image8> images;
  for (int64_t row = 0; row < bytes.size(0); ++row) {
    const at::Tensor own = bytes[row];
    Image8 image{static_cast<int>(own.size(1)),
                 static_cast<int>(own.size(0)),
                 static_cast<int>(channels),
                 {}};
    const uint8_t* data = own.const_data_ptr<uint8_t>();
    image.pixels.assign(data, data + own.numel());
    images.push_back(std::move(image));
  }
  return images;
}

}  // namespace phosphene
