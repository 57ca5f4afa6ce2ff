// Between pictures of bytes and tensors 0..1.

#include "server/engine/tensor/image_tensor.h"

#include <cstdint>
#include <limits>

#include "server/engine/tensor/torch_pch.h"

#include "server/imaging/layout.h"

namespace phosphene {
namespace {

// The channels a picture can have. Two are seen as magenta and green, as
// microscopes show them; of many the first three are.
at::Tensor Shown(const at::Tensor& batch) {
  if (batch.size(1) == 2) return at::cat({batch, batch.narrow(1, 0, 1)}, 1);
  return batch.size(1) > 4 ? batch.narrow(1, 0, 3) : batch;
}

// As `type`, which holds every value of a sample.
template <typename Image>
std::vector<Image> RowsOf(const at::Tensor& batch, at::ScalarType type) {
  using Sample = typename decltype(Image::pixels)::value_type;
  constexpr int64_t kFull = std::numeric_limits<Sample>::max();
  const at::Tensor shown = Shown(batch.detach());
  const at::Tensor values = shown.mul(kFull)
                                .round_()
                                .clamp_(0, kFull)
                                .to(at::kCPU, type)
                                .permute({0, 2, 3, 1})
                                .contiguous();
  std::vector<Image> images(values.size(0));
  for (int64_t row = 0; row < values.size(0); ++row) {
    const at::Tensor own = values[row];
    Image& image = images[row];
    image.width = static_cast<int>(own.size(1));
    image.height = static_cast<int>(own.size(0));
    image.channels = static_cast<int>(own.size(2));
    AT_DISPATCH_INTEGRAL_TYPES(type, "samples", [&] {
      const scalar_t* data = own.const_data_ptr<scalar_t>();
      image.pixels.assign(data, data + own.numel());
    });
  }
  return images;
}

}  // namespace

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
  return RowsOf<Image8>(batch, at::kByte);
}

// Integers of 32 bits hold what 16 bits can.
std::vector<Image16> ToImages16(const at::Tensor& batch) {
  return RowsOf<Image16>(batch, at::kInt);
}

}  // namespace phosphene
