// Own transforms against PyTorch's, and against themselves on other threads.
#include "server/engine/params/fft_kernels.h"

#include <ATen/Parallel.h>

#include <vector>

#include "server/engine/params/spectrum.h"
#include "tests/params/fixture.h"

namespace phosphene {
namespace {

constexpr std::pair<int64_t, int64_t> kSizes[] = {
    {256, 256}, {256, 512}, {512, 256}, {1024, 256}};

// Relative to the size of the whole, as rounding errors of transforms are.
double Distance(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

TEST(FftKernelsTest, OnlyPowersOfTwoWithinBoundsAreTaken) {
  EXPECT_TRUE(IsFftSize(256, 16384));
  EXPECT_FALSE(IsFftSize(128, 256));
  EXPECT_FALSE(IsFftSize(256, 32768));
  EXPECT_FALSE(IsFftSize(256, 384));
  EXPECT_FALSE(IsFftSize(0, 256));
}

TEST(FftKernelsTest, TheSpectrumIsPyTorchsToRounding) {
  for (const auto& [h, w] : kSizes) {
    const at::Tensor image = Noise({1, 2, h, w});
    const at::Tensor factor = PowerLaw(h, w, -1).unsqueeze(-1);
    const at::Tensor want = at::view_as_real(at::fft_rfft2(image)) * factor;
    EXPECT_LT(Distance(ImageToSpectrum(image, factor, Seam::kZero), want), 1e-6)
        << h << " x " << w;
  }
}

TEST(FftKernelsTest, TheImageIsPyTorchsToRounding) {
  for (const auto& [h, w] : kSizes) {
    // No image's spectrum: parts that cannot count must not.
    const at::Tensor spectrum = Noise({1, 2, h, w / 2 + 1, 2});
    const at::Tensor scale = PowerLaw(h, w, 1).unsqueeze(-1);
    const at::Tensor want =
        at::fft_irfft2(at::view_as_complex(spectrum * scale));
    EXPECT_LT(Distance(SpectrumToImage(spectrum, scale, w), want), 1e-6)
        << h << " x " << w;
  }
}

TEST(FftKernelsTest, OneThreadOrManyGiveTheSameBits) {
  const at::Tensor image = Noise({1, 3, 256, 512});
  const at::Tensor one = at::ones({1, 1, 1});
  const int threads = at::get_num_threads();
  std::vector<at::Tensor> spectra, images;
  for (const int count : {1, 3}) {
    at::set_num_threads(count);
    spectra.push_back(ImageToSpectrum(image, one, Seam::kZero));
    images.push_back(SpectrumToImage(spectra.back(), one, 512));
  }
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(spectra[0], spectra[1]));
  EXPECT_TRUE(at::equal(images[0], images[1]));
}

TEST(FftKernelsTest, APlanesBitsDoNotDependOnItsCompany) {
  const at::Tensor image = Noise({1, 3, 256, 256});
  const at::Tensor one = at::ones({1, 1, 1});
  const at::Tensor all = ImageToSpectrum(image, one, Seam::kZero);
  const at::Tensor alone =
      ImageToSpectrum(image.narrow(1, 1, 1), one, Seam::kZero);
  EXPECT_TRUE(at::equal(all.narrow(1, 1, 1), alone));
}

}  // namespace
}  // namespace phosphene
