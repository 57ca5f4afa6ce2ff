#pragma once

#include <cstdint>

#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// Two sets of activation vectors held against each other place by place: S_ij =
// the cosine of place i of a reference and place j of an image.

// Columns of [C,n] f32 brought to length 1 (differentiable):
// a / sqrt(|a|^2 + kLeastLength^2), so that a dead place has cosine 0 with
// everything, and a finite slope.
inline constexpr double kLeastLength = 1e-3;
at::Tensor UnitPlaces(const at::Tensor& places);

// Per row of `act` [rows,C,h,w] f32, against `reference`, unit places [C,m]:
//   mean_j max_i S_ij + mean_i max_j S_ij,
// each 1 where every place has its like; [rows], with gradient. Memory is that
// of the places themselves and kMostCosines floats, whatever m and h w.
inline constexpr int64_t kMostCosines = int64_t{1} << 22;  // 16 MB
at::Tensor PlacesAlike(const at::Tensor& act, const at::Tensor& reference);

}  // namespace phosphene
