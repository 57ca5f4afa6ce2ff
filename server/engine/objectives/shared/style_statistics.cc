// Statistics of styles and their distances: Gram, or mean and covariance.
#include "server/engine/objectives/shared/style_statistics.h"

namespace phosphene {

using v1::GramStyleObjective;

StyleStatistics StatisticsOf(const at::Tensor& features, const at::Tensor& mask,
                             GramStyleObjective::Distance distance) {
  return StatisticsOf(StyleSums(features, mask, distance));
}

Sums StyleSums(const at::Tensor& features, const at::Tensor& mask,
               GramStyleObjective::Distance distance) {
  Sums sums;
  sums.parts.push_back(GramSum(features, mask));
  if (distance == GramStyleObjective::WASSERSTEIN2)
    sums.parts.push_back(FeatureSum(features, mask));
  sums.counts = {static_cast<double>(features.size(2) * features.size(3))};
  if (mask.defined()) {
    Sums weight;
    weight.parts = {MaskSum(mask)};
    sums.terms.push_back(std::move(weight));
  }
  return sums;
}

StyleStatistics StatisticsOf(const Sums& sums) {
  const auto mean = [&sums](const at::Tensor& sum) {
    if (sums.terms.empty()) return sum / sums.counts[0];
    return sum / Weight(sums.terms[0].parts[0], sum.dim());
  };
  StyleStatistics out;
  out.gram = mean(sums.parts[0]);
  if (sums.parts.size() > 1) out.mean = mean(sums.parts[1]);
  return out;
}

void AddScaled(const StyleStatistics& statistics, double share,
               StyleStatistics* sum) {
  const auto add = [share](const at::Tensor& part, at::Tensor* total) {
    if (!part.defined()) return;
    *total = total->defined() ? *total + part * share : part * share;
  };
  add(statistics.gram, &sum->gram);
  add(statistics.mean, &sum->mean);
}

StyleTarget MakeStyleTarget(const StyleStatistics& statistics,
                            GramStyleObjective::Distance distance) {
  StyleTarget out;
  out.gram = statistics.gram;
  if (distance == GramStyleObjective::WASSERSTEIN2) {
    out.gaussian = MakeGaussianTarget(statistics.mean, statistics.gram);
  }
  return out;
}

at::Tensor StyleDistance(const StyleStatistics& statistics,
                         const StyleTarget& target,
                         GramStyleObjective::Distance distance) {
  if (distance == GramStyleObjective::WASSERSTEIN2) {
    return Wasserstein2(statistics.mean, statistics.gram, target.gaussian);
  }
  const at::Tensor difference = statistics.gram - target.gram;
  switch (distance) {
    case GramStyleObjective::MEAN_SQUARED:
      return difference.square().mean({1, 2});
    case GramStyleObjective::MEAN_L2:
      // Kept off zero, where the root has no slope.
      return (difference.square().mean({1, 2}) + 1e-12).sqrt();
    default:
      return difference.abs().mean({1, 2});
  }
}

}  // namespace phosphene
