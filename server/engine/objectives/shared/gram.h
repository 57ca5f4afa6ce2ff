#pragma once

#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// Statistics of features over positions, and distances of them.

// F F^T / (h*w) of [N,C,h,w] -> [N,C,C]. With a mask [1 or N,1,h,w] (0..1)
// features count by it: (mF)(mF)^T / sum m^2.
at::Tensor Gram(const at::Tensor& features, const at::Tensor& mask = {});

// Mean of [N,C,h,w] over (masked) positions -> [N,C].
at::Tensor FeatureMean(const at::Tensor& features, const at::Tensor& mask = {});

// What the two above divide, and by what where there is a mask: sums over
// positions, [N,C,C], [N,C] and [N].
at::Tensor GramSum(const at::Tensor& features, const at::Tensor& mask);
at::Tensor FeatureSum(const at::Tensor& features, const at::Tensor& mask);
at::Tensor MaskSum(const at::Tensor& mask);
// MaskSum kept off zero and shaped to divide a tensor of `dims` dimensions.
at::Tensor Weight(const at::Tensor& mask_sum, int64_t dims);

// The symmetric positive root of [C,C], eigenvalues below 0 taken as 0.
at::Tensor MatrixRoot(const at::Tensor& matrix);

// A Gaussian to be near to, for Wasserstein2.
struct GaussianTarget {
  at::Tensor mean;        // [1,C]
  at::Tensor covariance;  // [C,C]
  at::Tensor root;        // of the covariance
  double ridge = 0;       // added to covariances' diagonals, for a finite slope
};
GaussianTarget MakeGaussianTarget(const at::Tensor& mean,
                                  const at::Tensor& gram);

// Squared 2-Wasserstein distance of the Gaussians of `mean` [N,C] and
// `gram` [N,C,C] (second moments) to the target: |m - m*|^2 +
// tr(S + S* - 2 (S*^1/2 S S*^1/2)^1/2). -> [N].
at::Tensor Wasserstein2(const at::Tensor& mean, const at::Tensor& gram,
                        const GaussianTarget& target);

}  // namespace phosphene
