// Gram matrices G = F F^T / (H W). Source: Gatys et al. 2016.
#include "server/engine/objectives/shared/gram.h"

#include <ATen/Context.h>

#include "server/engine/tensor/wide_product.h"

namespace phosphene {

at::Tensor GramSum(const at::Tensor& features, const at::Tensor& mask) {
  const at::Tensor f = (mask.defined() ? features * mask : features).flatten(2);
  const at::NoTF32Guard exact;  // what is left of a target cancels
  return SelfProducts(f);
}

at::Tensor FeatureSum(const at::Tensor& features, const at::Tensor& mask) {
  if (!mask.defined()) return features.sum({2, 3});
  return (features * mask.square()).sum({2, 3});
}

at::Tensor MaskSum(const at::Tensor& mask) {
  return mask.square().sum({1, 2, 3});
}

at::Tensor Weight(const at::Tensor& mask_sum, int64_t dims) {
  std::vector<int64_t> shape(dims, 1);
  shape[0] = -1;
  return mask_sum.clamp_min(1e-6).view(shape);
}

at::Tensor Gram(const at::Tensor& features, const at::Tensor& mask) {
  const at::Tensor sum = GramSum(features, mask);
  return mask.defined() ? sum / Weight(MaskSum(mask), 3)
                        : sum / (features.size(2) * features.size(3));
}

at::Tensor FeatureMean(const at::Tensor& features, const at::Tensor& mask) {
  if (!mask.defined()) return features.mean({2, 3});
  return FeatureSum(features, mask) / Weight(MaskSum(mask), 2);
}

at::Tensor MatrixRoot(const at::Tensor& matrix) {
  const auto [values, vectors] = at::linalg_eigh(matrix);
  return at::mm(vectors * values.clamp_min(0).sqrt(), vectors.t());
}

namespace {

at::Tensor Covariance(const at::Tensor& mean, const at::Tensor& gram,
                      double ridge) {
  const at::Tensor eye = at::eye(gram.size(-1), gram.options());
  return gram - at::bmm(mean.unsqueeze(2), mean.unsqueeze(1)) + eye * ridge;
}

at::Tensor Trace(const at::Tensor& matrices) {
  return matrices.diagonal(0, -2, -1).sum(-1);
}

}  // namespace

GaussianTarget MakeGaussianTarget(const at::Tensor& mean,
                                  const at::Tensor& gram) {
  GaussianTarget out;
  out.mean = mean;
  // In proportion to the features' own variance; 1e-4 of it is far below what
  // tells styles apart.
  const at::Tensor bare = Covariance(mean, gram, 0);
  out.ridge = 1e-4 * bare.diagonal(0, -2, -1).mean().item<double>() + 1e-8;
  out.covariance = Covariance(mean, gram, out.ridge).squeeze(0);
  out.root = MatrixRoot(out.covariance);
  return out;
}

at::Tensor Wasserstein2(const at::Tensor& mean, const at::Tensor& gram,
                        const GaussianTarget& target) {
  const at::Tensor covariance = Covariance(mean, gram, target.ridge);
  const at::Tensor middle =
      at::matmul(at::matmul(target.root, covariance), target.root);
  // The trace of a root is the sum of the eigenvalues' roots. Below the square
  // of the ridge there are only rounding errors.
  const double least = target.ridge * target.ridge;
  const at::Tensor eigenvalues =
      at::linalg_eigvalsh((middle + middle.transpose(1, 2)) * 0.5);
  const at::Tensor cross = eigenvalues.clamp_min(least).sqrt().sum(-1);
  return (mean - target.mean).square().sum(1) + Trace(covariance) +
         Trace(target.covariance.unsqueeze(0)) - 2 * cross;
}

}  // namespace phosphene
