#pragma once

#include <cstdint>

#include "phosphene/v1/objective.pb.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/gram.h"

namespace phosphene {

// Bound on a style image at its scale.
inline constexpr int64_t kMaxStylePixels = 16'000'000;

// What a style is compared by: Gram matrices and, for WASSERSTEIN2, means.
struct StyleStatistics {
  at::Tensor gram;  // [N,C,C]
  at::Tensor mean;  // [N,C]; undefined for distances of Grams alone
};

// Of features [N,C,h,w], positions weighted by `mask` ([1 or N,1,h,w] or
// undefined).
StyleStatistics StatisticsOf(const at::Tensor& features, const at::Tensor& mask,
                             v1::GramStyleObjective::Distance distance);

// The same in two parts: sums over positions, of the whole or tile by tile, and
// what comes of them.
Sums StyleSums(const at::Tensor& features, const at::Tensor& mask,
               v1::GramStyleObjective::Distance distance);
StyleStatistics StatisticsOf(const Sums& sums);

// *sum += share * statistics.
void AddScaled(const StyleStatistics& statistics, double share,
               StyleStatistics* sum);

// What is to be reached: N = 1.
struct StyleTarget {
  at::Tensor gram;
  GaussianTarget gaussian;  // for WASSERSTEIN2
};
StyleTarget MakeStyleTarget(const StyleStatistics& statistics,
                            v1::GramStyleObjective::Distance distance);

// [N], see GramStyleObjective.Distance; MEAN_L1 where unspecified.
at::Tensor StyleDistance(const StyleStatistics& statistics,
                         const StyleTarget& target,
                         v1::GramStyleObjective::Distance distance);

}  // namespace phosphene
