// Random images of natural spectrum and colours, for backgrounds.
#include "server/engine/params/natural_noise.h"

#include <cmath>

#include "server/engine/params/color.h"
#include "server/engine/params/spectrum.h"

namespace phosphene {

at::Tensor NaturalNoise(const Rng& rng, int64_t height, int64_t width,
                        double sd, double decay) {
  const double contrast =
      sd * std::sqrt(static_cast<double>(height * width)) / 4;
  const at::Tensor scale =
      (PowerLaw(height, width, decay) * contrast).unsqueeze(-1);
  const at::Tensor spectrum =
      rng.NormalTensor({1, 3, height, SpectrumColumns(width), 2});
  const at::Tensor values = SpectrumToImage(spectrum, scale, width);
  return ColorMap(v1::ColorSpace(), 3).ToImage(values).squeeze(0);
}

}  // namespace phosphene
